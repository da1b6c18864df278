import type { DeliveryId } from '../../../domain/ids.ts';
import type { Incarnation } from '../../port.ts';
import type { Statement } from '../database.ts';
import { idOf } from '../uuids.ts';
import { IntegerColumn, UuidColumn } from '../values.ts';
import type { Batches } from './batches.ts';
import { putDue } from './due-index.ts';
import { lookUp } from './look-up.ts';

const GIVE_BACK: Statement = {
  name: 'leases_give_back',
  text: `WITH back AS (
      UPDATE queue q SET lease = NULL FROM unnest($1::uuid[]) g(delivery)
      WHERE ${lookUp('q.delivery', 'g.delivery')} AND (q.lease = $2) IS TRUE
      RETURNING q.endpoint, q.due_at),
    ${putDue('due', 'back', 'excluded.due_at')}
    SELECT 1`,
};
const FREE: Statement = {
  name: 'due_give_back',
  text: `UPDATE due_endpoints d SET taken_by = NULL, revision = d.revision + 1
    FROM unnest($1::integer[]) g(endpoint) WHERE ${lookUp('d.endpoint', 'g.endpoint')} AND (d.taken_by = $2) IS TRUE`,
};

/** Those that have the new lease already as well: it is asked again when its answer was lost. */
const ADOPT: Statement = {
  name: 'leases_adopt',
  text: `UPDATE queue q SET lease = $3 FROM unnest($1::uuid[]) g(delivery)
    WHERE ${lookUp('q.delivery', 'g.delivery')} AND (q.lease = $2 OR q.lease = $3) IS TRUE RETURNING q.delivery`,
};

/** Deliveries were leased to this node by a batch of which it was told that it failed: nobody has them in memory. */
export async function giveBack(
  batches: Batches,
  deliveries: readonly DeliveryId[],
  incarnation: Incarnation,
): Promise<void> {
  if (deliveries.length === 0) return;
  const column = new UuidColumn();
  for (const id of deliveries) column.add(id);
  await batches.once(GIVE_BACK, [column.value(), incarnation]);
}

/**
 * This node took another incarnation while the batch that leased them was under way. Answers those that nobody had taken
 * back by then; they are leased to the new one.
 */
export async function adopt(
  batches: Batches,
  deliveries: readonly DeliveryId[],
  { from, to }: { readonly from: Incarnation; readonly to: Incarnation },
): Promise<ReadonlySet<DeliveryId>> {
  if (deliveries.length === 0) return new Set();
  const column = new UuidColumn();
  for (const id of deliveries) column.add(id);
  const rows = await batches.read(ADOPT, [column.value(), from, to]);
  return new Set(rows.map(([uuid]) => idOf('dlv', uuid)));
}

/** Endpoints that this node took out of the index without hearing of it. */
export async function giveBackEndpoints(
  batches: Batches,
  endpoints: readonly number[],
  incarnation: Incarnation,
): Promise<void> {
  if (endpoints.length === 0) return;
  const column = new IntegerColumn();
  for (const endpoint of endpoints) column.add(endpoint);
  await batches.once(FREE, [column.value(), incarnation]);
}
