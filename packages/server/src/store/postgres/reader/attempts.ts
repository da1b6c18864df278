import { parseId } from '../../../domain/ids.ts';
import type { Reader } from '../../reader.ts';
import type { Statement } from '../database.ts';
import { storedAttempt } from '../rows.ts';
import { idOf, UUID_MAX, uuidsSince, uuidTextOf } from '../uuids.ts';
import type { Queries } from './queries.ts';

type Reads = Pick<Reader, 'attemptsOfDelivery' | 'attemptsOfEndpoint'>;

const OF_DELIVERY: Statement = {
  name: 'read_attempts_of_delivery',
  text: `SELECT a.*, (SELECT p.id FROM endpoints p WHERE p.number = a.endpoint) AS endpoint_id
    FROM attempts a WHERE a.delivery = $2::uuid AND a.id >= $3::uuid
      AND EXISTS (SELECT 1 FROM deliveries d
        WHERE d.organization = (SELECT number FROM organizations WHERE id = $1) AND d.id = $2::uuid OFFSET 0)
    ORDER BY a.ordinal, a.id`,
};
/** Those whose delivery is past retention stay out: its day ended before theirs. */
const OF_ENDPOINT: Statement = {
  name: 'read_attempts_of_endpoint',
  text: `SELECT a.*, $1 AS endpoint_id FROM (SELECT number, organization FROM endpoints WHERE id = $1) p
    CROSS JOIN LATERAL (
      SELECT * FROM attempts a WHERE a.endpoint = p.number AND a.id < $2::uuid AND EXISTS (
        SELECT 1 FROM deliveries d WHERE d.organization = p.organization AND d.id = a.delivery OFFSET 0)
      ORDER BY a.id DESC LIMIT $3) a
    ORDER BY a.id DESC`,
};

export function createAttemptReads({ all }: Queries): Reads {
  return {
    async attemptsOfDelivery(organizationId, id) {
      const delivery = uuidTextOf(id);
      if (delivery === null) return [];
      return (await all(OF_DELIVERY, organizationId, delivery, uuidsSince(delivery))).map(storedAttempt);
    },
    async attemptsOfEndpoint(id, { after, itemsMax }) {
      const rows = await all(OF_ENDPOINT, id, attemptCursor(after), itemsMax + 1);
      const kept = rows.slice(0, itemsMax);
      const last = kept.at(-1);
      const nextCursor = rows.length > itemsMax && last !== undefined ? idOf('att', last['id']) : null;
      return { items: kept.map(storedAttempt), nextCursor };
    },
  };
}

/** A cursor is the id of an attempt; an unreadable one begins at the newest. */
export function attemptCursor(after: string | null): string {
  return (after === null || parseId('att', after) === null ? null : uuidTextOf(after)) ?? UUID_MAX;
}
