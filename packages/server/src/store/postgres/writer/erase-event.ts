import { type EventKey, type OrganizationId, uuidOf } from '../../../domain/ids.ts';
import type { Runner, Statement } from '../database.ts';

// The rows around the event are looked at in a statement of its own, which sees what was committed while this one waited.
const HOLD: Statement = {
  name: 'erase_hold',
  text: `
    SELECT 1 FROM events v JOIN organizations o ON o.number = v.organization
    WHERE o.id = $1 AND v.key = $2::uuid FOR UPDATE OF v`,
};
const SELECT_OWED: Statement = {
  name: 'erase_owed',
  text: `
    SELECT 1 FROM deliveries d JOIN queue q ON q.delivery = d.id JOIN endpoints p ON p.number = q.endpoint
    WHERE d.event = $1::uuid AND d.id >= ids_since($1::uuid) AND (q.lease IS NOT NULL OR p.status <> 'archived') LIMIT 1`,
};
const REMEMBER: Statement = {
  name: 'erase_remember',
  text: 'INSERT INTO erasures (event, at) VALUES ($1::uuid, $2) ON CONFLICT DO NOTHING',
};
const ERASE: Statement = {
  name: 'erase_payload',
  text: `
    UPDATE events v SET payload = '' FROM organizations o
    WHERE o.id = $1 AND v.organization = o.number AND v.key = $2::uuid`,
};
const ERASE_ANSWERS: Statement = {
  name: 'erase_answers',
  text: `
    UPDATE attempts SET response_headers = NULL, response_excerpt = NULL
    WHERE delivery IN (SELECT id FROM deliveries WHERE event = $1::uuid AND id >= ids_since($1::uuid))
      AND id >= ids_since($1::uuid)
      AND (response_headers IS NOT NULL OR response_excerpt IS NOT NULL)`,
};

/**
 * Overwrites the payload of an event, and with it what receivers answered, who may have sent it back. Answers whether it
 * did: an event that is still owed is left alone. What waits for an archived endpoint is owed to nobody.
 */
export async function eraseEvent(
  runner: Runner,
  organizationId: OrganizationId,
  eventKey: EventKey,
  at: number,
): Promise<boolean> {
  const event = uuidOf(eventKey);
  if ((await runner.run(HOLD, [organizationId, event])).count === 0) return false;
  if ((await runner.run(SELECT_OWED, [event])).count > 0) return false;
  if ((await runner.run(REMEMBER, [event, at])).count === 0) return false;
  await runner.run(ERASE, [organizationId, event]);
  await runner.run(ERASE_ANSWERS, [event]);
  return true;
}
