import type { ResealUnit } from '../../port.ts';
import type { WriteContext } from './context.ts';

/** Replaces sealed texts that are still what the caller read. */
export function createReseal({ db }: WriteContext): (unit: ResealUnit) => number {
  const living = db.prepare('UPDATE secrets SET sealed = ? WHERE id = ? AND sealed = ?');
  const history = db.prepare('UPDATE secret_history SET sealed = ? WHERE id = ? AND sealed = ?');
  const nextVersion = db.prepare('UPDATE keyrings SET version = version + 1 WHERE owner = ?');

  return function reseal(unit) {
    let changed = 0;
    const owners = new Set<string>();
    for (const { owner, id, from, to } of unit.secrets) {
      const replaced = Number(living.run(to, id, from).changes);
      if (replaced > 0) owners.add(owner);
      changed += replaced + Number(history.run(to, id, from).changes);
    }
    for (const owner of owners) nextVersion.run(owner);
    return changed;
  };
}
