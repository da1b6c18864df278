import type { NewDelivery } from '../../port.ts';
import { number } from '../cells.ts';
import type { WriteContext } from './context.ts';

/** Queues new rows of old events. Answers whether every endpoint is there, and every event with its payload. */
export function createInsertDeliveries(context: WriteContext): (deliveries: readonly NewDelivery[]) => boolean {
  const { db, directory, due, numbers } = context;
  const selectEvent = db.prepare(`SELECT number FROM events WHERE organization = ? AND key = ?
    AND NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = events.number)`);
  const insert = db.prepare(`
    INSERT INTO deliveries (number, id, organization, endpoint, event, status, attempt_count, resend_of, created_at)
    VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?) ON CONFLICT DO NOTHING`);
  const queue = db.prepare('INSERT INTO queue (delivery, endpoint, due_at, lease) VALUES (?, ?, ?, NULL)');

  function insertOne(row: NewDelivery): boolean {
    const organization = directory.organization(row.organizationId);
    const endpoint = directory.endpoint(row.endpointId);
    if (organization === null || endpoint === null || endpoint.organization !== organization) return false;
    const event = selectEvent.get(organization, row.eventKey);
    if (event === undefined) return false;
    const delivery = numbers.delivery++;
    const eventNumber = number(event['number']);
    const { changes } = insert.run(
      delivery,
      row.id,
      organization,
      endpoint.number,
      eventNumber,
      row.resendOf,
      row.createdAt,
    );
    if (changes !== 1) return false;
    queue.run(delivery, endpoint.number, row.createdAt);
    due.waits(endpoint, row.createdAt);
    return true;
  }

  return (deliveries) => deliveries.every(insertOne);
}
