import { numberOrNull } from '../../cells.ts';
import type { ReleaseUnit } from '../../port.ts';
import type { Statement } from '../database.ts';
import type { RunBatch } from '../group-commit.ts';
import { BigintColumn, IntegerColumn, UuidColumn } from '../values.ts';
import { batchRow, brokenBy, OpenBatch } from './batches.ts';
import type { HotContext } from './context.ts';
import { drain, earliestNew, putDue } from './due-index.ts';
import { lookUp } from './look-up.ts';
import { takingApart } from './take-apart.ts';

const RELEASE: Statement = {
  name: 'release',
  text: `WITH back AS (
      UPDATE queue q SET lease = NULL, due_at = g.due_at
      FROM unnest($4::uuid[], $5::integer[], $6::bigint[]) g(delivery, incarnation, due_at)
      WHERE ${lookUp('q.delivery', 'g.delivery')} AND (q.lease = g.incarnation) IS TRUE
      RETURNING q.endpoint, g.due_at),
    ${putDue('due', 'back', '$7::bigint')},
    ${drain('back')},
    ${batchRow("'{}'::integer[]")}
    SELECT ${earliestNew('due')}`,
};

/** Gives leased deliveries back. */
export function createRelease(context: HotContext): RunBatch<ReleaseUnit, void> {
  const { batches } = context;

  async function commit(units: readonly ReleaseUnit[]): Promise<readonly void[]> {
    const delivery = new UuidColumn();
    const incarnation = new IntegerColumn();
    const dueAt = new BigintColumn();
    try {
      for (const unit of units) {
        for (const id of unit.deliveryIds) {
          delivery.add(id);
          incarnation.add(unit.incarnation);
          dueAt.add(Math.floor(unit.dueAt));
        }
      }
    } catch (error) {
      throw brokenBy(error);
    }
    const values = [delivery.value(), incarnation.value(), dueAt.value(), Math.floor(context.now())];
    try {
      const sent = await batches.send({ statement: RELEASE, values });
      const busyAt = sent.kind === 'answered' ? numberOrNull(sent.rows[0]?.[0] ?? null) : null;
      if (busyAt !== null) context.onBusy(busyAt);
    } catch (error) {
      // It must not arrive when this node has claimed some of it again. Nothing is to be undone.
      if (error instanceof OpenBatch) batches.giveUp(error.batch, async () => {});
      throw error;
    }
    return units.map(() => undefined);
  }

  return takingApart(commit);
}
