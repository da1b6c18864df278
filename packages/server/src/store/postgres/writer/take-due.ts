import type { EndpointId } from '../../../domain/ids.ts';
import { number, numberOrNull, text } from '../../cells.ts';
import type { DueTaken, TakeDueUnit } from '../../port.ts';
import type { Row, Statement } from '../database.ts';
import type { RunBatch } from '../group-commit.ts';
import { BigintColumn, IntegerColumn } from '../values.ts';
import { batchRow, OpenBatch, recovering } from './batches.ts';
import type { HotContext } from './context.ts';
import { giveBackEndpoints } from './leased.ts';
import { lookUp } from './look-up.ts';

/** Two nodes never take one row: each passes over those that another has locked. */
const TAKE: Statement = {
  name: 'take_due',
  text: `WITH seen AS MATERIALIZED (
      SELECT endpoint, due_at FROM due_endpoints WHERE taken_by IS NULL AND due_at <= $4::bigint
      ORDER BY due_at LIMIT $5::integer FOR UPDATE SKIP LOCKED),
    taken AS (
      UPDATE due_endpoints d SET taken_by = $6::integer, revision = d.revision + 1
      FROM seen s WHERE ${lookUp('d.endpoint', 's.endpoint')}
      RETURNING d.endpoint, d.revision, s.due_at),
    ${batchRow('ARRAY(SELECT endpoint FROM taken)')}
    (SELECT e.id, e.status, t.endpoint, t.revision, NULL::bigint FROM taken t
      CROSS JOIN LATERAL (SELECT e.id, e.status FROM endpoints e WHERE e.number = t.endpoint LIMIT 1) e
      ORDER BY t.due_at, t.endpoint)
    UNION ALL
    (SELECT NULL, NULL, NULL, NULL, due_at FROM due_endpoints
      WHERE taken_by IS NULL AND endpoint NOT IN (SELECT endpoint FROM seen) ORDER BY due_at LIMIT 1)`,
};

/**
 * Endpoints that are not active leave the index, unless somebody wrote their rows since they were taken: resuming one does
 * so. This statement sees what was committed since then, and holds them until its end, so that none is resumed by somebody
 * who cannot see what it removes. One that is active by now was resumed before its row was taken, while the statement that
 * took it could not see that yet: that is anybody's, and so is one that somebody else holds, who may be resuming it.
 */
const DROP: Statement = {
  name: 'take_due_drop',
  text: `WITH given AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::bigint[]) g(endpoint, revision)),
    held AS MATERIALIZED (
      SELECT e.number, e.status FROM endpoints e WHERE e.number = ANY ($1::integer[]) FOR SHARE SKIP LOCKED),
    gone AS (
      DELETE FROM due_endpoints d USING given g
      WHERE ${lookUp('d.endpoint', 'g.endpoint')} AND d.revision = g.revision
        AND (g.endpoint IN (SELECT number FROM held WHERE status <> 'active')) IS TRUE
      RETURNING d.endpoint),
    freed AS (
      UPDATE due_endpoints d SET taken_by = NULL, revision = d.revision + 1 FROM given g
      WHERE ${lookUp('d.endpoint', 'g.endpoint')} AND d.revision = g.revision
        AND g.endpoint NOT IN (SELECT number FROM held WHERE status <> 'active'))
    UPDATE endpoints e SET draining = true FROM gone g
    WHERE ${lookUp('e.number', 'g.endpoint')} AND e.status NOT IN ('active', 'suspended') AND NOT e.draining`,
};

/** Of what was taken where the answer was lost. */
const TAKEN: Statement = {
  name: 'take_due_recovered',
  text: `SELECT e.id, e.status, d.endpoint, d.revision, NULL::bigint
    FROM unnest($1::integer[]) g(endpoint) JOIN due_endpoints d ON ${lookUp('d.endpoint', 'g.endpoint')}
    JOIN endpoints e ON ${lookUp('e.number', 'd.endpoint')} WHERE (d.taken_by = $2) IS TRUE`,
};

/** Takes endpoints with due work out of the index, one unit after the other. */
export function createTakeDue(context: HotContext): RunBatch<TakeDueUnit, DueTaken> {
  const { batches } = context;

  async function take({ now, itemsMax }: TakeDueUnit): Promise<DueTaken> {
    const incarnation = context.incarnation();
    try {
      const values = [Math.floor(now), itemsMax, incarnation];
      const sent = await batches.send({ statement: TAKE, values });
      if (sent.kind === 'answered') return await takenOf(sent.rows);
      const column = new IntegerColumn();
      for (const endpoint of sent.left.numbers) column.add(endpoint);
      const taken = [column.value(), incarnation];
      const rows = await recovering(sent.batch, async () => await batches.read(TAKEN, taken));
      const { endpointIds } = await takenOf(rows);
      return { endpointIds, nextDueAt: now };
    } catch (error) {
      if (error instanceof OpenBatch) {
        batches.giveUp(error.batch, async ({ numbers }) => await giveBackEndpoints(batches, numbers, incarnation));
      }
      throw error;
    }
  }

  async function takenOf(rows: readonly Row[]): Promise<DueTaken> {
    const endpointIds: EndpointId[] = [];
    const dropped: Row[] = [];
    let nextDueAt: number | null = null;
    for (const row of rows) {
      if (row[0] === null) nextDueAt = numberOrNull(row[4]);
      // Ids that only the writer stores.
      else if (row[1] === 'active') endpointIds.push(text(row[0]) as EndpointId);
      else dropped.push(row);
    }
    // What cannot be dropped now is for the engine to look at, which reads it again.
    if (!(await drop(dropped))) endpointIds.push(...dropped.map((row) => text(row[0]) as EndpointId));
    return { endpointIds, nextDueAt };
  }

  async function drop(rows: readonly Row[]): Promise<boolean> {
    if (rows.length === 0) return true;
    const endpoint = new IntegerColumn();
    const revision = new BigintColumn();
    for (const row of rows) {
      endpoint.add(number(row[2]));
      revision.add(number(row[3]));
    }
    try {
      await batches.once(DROP, [endpoint.value(), revision.value()]);
      return true;
    } catch {
      return false;
    }
  }

  return async (units) => {
    const settled = [];
    for (const unit of units) settled.push({ kind: 'done', result: await take(unit) } as const);
    return settled;
  };
}
