import type { NewDelivery } from '../../port.ts';
import { number } from '../cells.ts';
import type { WriteContext } from './context.ts';

/**
 * Queues new rows of old events. Answers whether every endpoint is there, and every event with its payload; with `once`,
 * whether nothing of what they resend was sent again before, too.
 */
export function createInsertDeliveries(
  context: WriteContext,
): (deliveries: readonly NewDelivery[], once: boolean) => boolean {
  const { db, directory, due, numbers } = context;
  const selectEvent = db.prepare(`SELECT number FROM events WHERE organization = ? AND key = ?
    AND NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = events.number)`);
  const selectResend = db.prepare('SELECT 1 FROM deliveries WHERE event = ? AND resend_of = ? LIMIT 1');
  const insert = db.prepare(`
    INSERT INTO deliveries (number, id, organization, endpoint, event, status, attempt_count, resend_of, created_at)
    VALUES (?, ?, ?, ?, ?, 'pending', 0, ?, ?) ON CONFLICT DO NOTHING`);
  const queue = db.prepare('INSERT INTO queue (delivery, endpoint, due_at, lease) VALUES (?, ?, ?, NULL)');

  function insertOne(row: NewDelivery, once: boolean): boolean {
    const organization = directory.organization(row.organizationId);
    const endpoint = directory.endpoint(row.endpointId);
    if (organization === null || endpoint === null || endpoint.organization !== organization) return false;
    const event = selectEvent.get(organization, row.eventKey);
    if (event === undefined) return false;
    const eventNumber = number(event['number']);
    if (once && row.resendOf !== null && selectResend.get(eventNumber, row.resendOf) !== undefined) return false;
    const delivery = numbers.delivery++;
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

  return (deliveries, once) => deliveries.every((row) => insertOne(row, once));
}
