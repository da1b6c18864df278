import type { RingOwner } from '../../../domain/secret.ts';
import { text } from '../../cells.ts';
import type { ResealUnit } from '../../port.ts';
import type { Runner, Statement } from '../database.ts';
import { holdKeyrings } from './commands-keyrings.ts';

const GIVEN = 'jsonb_to_recordset($1::jsonb) AS g(id text, "from" text, "to" text)';
const LIVING: Statement = {
  name: 'reseal_living',
  text: `
    UPDATE secrets s SET sealed = g."to" FROM ${GIVEN} WHERE s.id = g.id AND s.sealed = g."from" RETURNING s.owner`,
};
const HISTORY: Statement = {
  name: 'reseal_history',
  text: `UPDATE secret_history s SET sealed = g."to" FROM ${GIVEN} WHERE s.id = g.id AND s.sealed = g."from"`,
};
const NEXT_VERSION: Statement = {
  name: 'reseal_next_version',
  text: `
    UPDATE keyrings SET version = version + 1
    WHERE owner IN (SELECT value FROM jsonb_array_elements_text($1::jsonb))`,
};

/** Replaces sealed texts that are still what the caller read. Answers how many, and whose rings have another version now. */
export async function reseal(
  runner: Runner,
  unit: ResealUnit,
): Promise<{ readonly changed: number; readonly owners: readonly RingOwner[] }> {
  const given = JSON.stringify(unit.secrets.map(({ id, from, to }) => ({ id, from, to })));
  // Rings first, as every change of a ring begins.
  await holdKeyrings(runner, [...new Set(unit.secrets.map(({ owner }) => owner))]);
  const living = await runner.run(LIVING, [given]);
  const history = await runner.run(HISTORY, [given]);
  const owners = [...new Set(living.rows.map((row) => text(row[0]) as RingOwner))]; // Of the column of rings' owners.
  if (owners.length > 0) await runner.run(NEXT_VERSION, [JSON.stringify(owners)]);
  return { changed: living.count + history.count, owners };
}
