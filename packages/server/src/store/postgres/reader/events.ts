import { parseId } from '../../../domain/ids.ts';
import type { Reader, StoredEvent } from '../../reader.ts';
import type { Statement } from '../database.ts';
import { storedEvent } from '../rows.ts';
import { UUID_MAX, uuidTextOf } from '../uuids.ts';
import type { Queries } from './queries.ts';

type Reads = Pick<Reader, 'event' | 'events'>;

/** A page of events ends early when their payloads together pass this. */
const PAGE_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;

const COLUMNS = `v.key, v.id, v.type, v.content_type, v.occurred_at, v.created_at, v.payload,
  (SELECT x.at FROM erasures x WHERE x.event = v.key) AS erased_at`;

const BY_CLIENT_ID: Statement = {
  name: 'read_event_by_client_id',
  text: `SELECT ${COLUMNS}
    FROM organizations o JOIN event_ids i ON i.organization = o.number AND i.id = $2
    CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.organization = o.number AND v.key = i.event LIMIT 1) v
    WHERE o.id = $1`,
};
const BY_KEY: Statement = {
  name: 'read_event_by_key',
  text: `SELECT ${COLUMNS} FROM events v
    WHERE v.organization = (SELECT number FROM organizations WHERE id = $1) AND v.key = $2::uuid AND v.id IS NULL`,
};
/** Payloads past the bound are not read: how long they are is known without. */
const LIST: Statement = {
  name: 'read_events',
  text: `SELECT ${COLUMNS} FROM (
      SELECT s.*, sum(octet_length(s.payload)) OVER (ORDER BY s.key DESC) - octet_length(s.payload) AS bytes_before
      FROM (
        SELECT * FROM events WHERE organization = (SELECT number FROM organizations WHERE id = $1) AND key < $2::uuid
        ORDER BY key DESC LIMIT $3) s) v
    WHERE v.bytes_before <= ${PAGE_PAYLOAD_BYTES_MAX} ORDER BY v.key DESC`,
};

export function createEventReads({ all, first }: Queries): Reads {
  return {
    async event(organizationId, id) {
      const chosen = await first(BY_CLIENT_ID, organizationId, id);
      if (chosen !== undefined) return storedEvent(chosen, organizationId);
      const key = parseId('evt', id) === null ? null : uuidTextOf(id);
      const row = key === null ? undefined : await first(BY_KEY, organizationId, key);
      return row === undefined ? null : storedEvent(row, organizationId);
    },
    async events(organizationId, { after, itemsMax }) {
      const below = (after === null ? null : uuidTextOf(after)) ?? UUID_MAX;
      const items: StoredEvent[] = [];
      let payloadBytes = 0;
      for (const row of await all(LIST, organizationId, below, itemsMax + 1)) {
        const event = storedEvent(row, organizationId);
        payloadBytes += event.payload.length;
        const isFull = items.length === itemsMax || payloadBytes > PAGE_PAYLOAD_BYTES_MAX;
        const last = items.at(-1);
        if (isFull && last !== undefined) return { items, nextCursor: last.key };
        items.push(event);
      }
      return { items, nextCursor: null };
    },
  };
}
