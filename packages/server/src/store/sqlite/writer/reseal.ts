import type { StaticHeader } from '../../../domain/endpoint.ts';
import type { ResealUnit } from '../../port.ts';
import { text } from '../cells.ts';
import type { WriteContext } from './context.ts';

/** Replaces sealed texts that are still what the caller read. */
export function createReseal({ db }: WriteContext): (unit: ResealUnit) => number {
  const resealLiving = db.prepare('UPDATE secrets SET sealed = ? WHERE id = ? AND sealed = ?');
  const resealHistory = db.prepare('UPDATE secret_history SET sealed = ? WHERE id = ? AND sealed = ?');
  const selectSettings = db.prepare('SELECT settings FROM endpoints WHERE id = ?');
  const putSettings = db.prepare('UPDATE endpoints SET settings = ? WHERE id = ?');

  function resealHeader({ endpointId, name, from, to }: ResealUnit['headers'][number]): number {
    const row = selectSettings.get(endpointId);
    if (row === undefined) return 0;
    // Written by settingsOf.
    const settings = JSON.parse(text(row['settings'])) as { headers: readonly StaticHeader[] };
    let changed = 0;
    const headers = settings.headers.map((header) => {
      if (header.name !== name || header.sealed !== from) return header;
      changed += 1;
      return { ...header, sealed: to };
    });
    if (changed > 0) putSettings.run(JSON.stringify({ ...settings, headers }), endpointId);
    return changed;
  }

  return function reseal(unit) {
    let changed = 0;
    for (const { id, from, to } of unit.secrets) {
      changed += Number(resealLiving.run(to, id, from).changes) + Number(resealHistory.run(to, id, from).changes);
    }
    for (const header of unit.headers) changed += resealHeader(header);
    return changed;
  };
}
