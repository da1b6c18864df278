import type { EventKey, OrganizationId } from '../../../domain/ids.ts';
import { number } from '../cells.ts';
import type { WriteContext } from './context.ts';
import { overwriting } from './overwriting.ts';

/**
 * Overwrites the payload of an event, and with it what receivers answered, who may have sent it back. Answers whether it
 * did: an event that is still owed is left alone. What waits for an archived endpoint is owed to nobody.
 */
export function createEraseEvent({
  db,
  directory,
}: WriteContext): (organizationId: OrganizationId, eventKey: EventKey, at: number) => boolean {
  const select = db.prepare(`SELECT number FROM events WHERE organization = ? AND key = ?
    AND NOT EXISTS (SELECT 1 FROM erasures x WHERE x.event = events.number)`);
  const selectOwed = db.prepare(`
    SELECT 1 AS owed FROM deliveries d JOIN queue q ON q.delivery = d.number JOIN endpoints p ON p.number = q.endpoint
    WHERE d.event = ? AND (q.lease IS NOT NULL OR p.status <> 'archived') LIMIT 1`);
  const erase = db.prepare("UPDATE events SET payload = x'' WHERE number = ?");
  const remember = db.prepare('INSERT INTO erasures (event, at) VALUES (?, ?)');
  const eraseAnswers = db.prepare(`
    UPDATE attempts SET response_headers = NULL, response_excerpt = NULL
    WHERE delivery IN (SELECT number FROM deliveries WHERE event = ?)
      AND (response_headers IS NOT NULL OR response_excerpt IS NOT NULL)`);

  return (organizationId, eventKey, at) => {
    const organization = directory.organization(organizationId);
    const row = organization === null ? undefined : select.get(organization, eventKey);
    if (row === undefined) return false;
    const event = number(row['number']);
    if (selectOwed.get(event) !== undefined) return false;
    overwriting(db, () => {
      erase.run(event);
      remember.run(event, at);
      eraseAnswers.run(event);
    });
    return true;
  };
}
