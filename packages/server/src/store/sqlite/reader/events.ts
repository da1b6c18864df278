import type { DatabaseSync } from 'node:sqlite';
import { TEXT_MAX } from '../../page.ts';
import type { StoredEvent } from '../../port.ts';
import { eventOf } from '../../rows.ts';
import { number, text } from '../cells.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<SyncReader, 'event' | 'events'>;

/** A page of events ends early when their payloads together pass this. */
const PAGE_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;

const COLUMNS = `v.key, v.id, v.type, v.content_type, v.occurred_at, v.created_at, v.payload,
  (SELECT x.at FROM erasures x WHERE x.event = v.number) AS erased_at`;

export function createEventReads(db: DatabaseSync): Reads {
  const organization = db.prepare('SELECT number FROM organizations WHERE id = ?');
  const byClientId = db.prepare(`SELECT ${COLUMNS} FROM event_ids i JOIN events v ON v.number = i.event
    WHERE i.organization = ? AND i.id = ?`);
  const byKey = db.prepare(`SELECT ${COLUMNS} FROM events v WHERE v.organization = ? AND v.key = ? AND v.id IS NULL`);
  const list = db.prepare(`SELECT ${COLUMNS} FROM events v WHERE v.organization = ? AND v.key < ?
    ORDER BY v.key DESC LIMIT ?`);

  return {
    event(organizationId, id) {
      const owner = organization.get(organizationId);
      if (owner === undefined) return null;
      const row = byClientId.get(number(owner['number']), id) ?? byKey.get(number(owner['number']), id);
      return row === undefined ? null : eventOf(row, organizationId);
    },
    events(organizationId, { after, itemsMax }) {
      const owner = organization.get(organizationId);
      const items: StoredEvent[] = [];
      if (owner === undefined) return { items, nextCursor: null };
      let payloadBytes = 0;
      let last: string | null = null;
      for (const row of list.iterate(number(owner['number']), after ?? TEXT_MAX, itemsMax + 1)) {
        const event = eventOf(row, organizationId);
        payloadBytes += event.payload.length;
        const isFull = items.length === itemsMax || payloadBytes > PAGE_PAYLOAD_BYTES_MAX;
        if (isFull && items.length > 0) return { items, nextCursor: last };
        items.push(event);
        last = text(row['key']);
      }
      return { items, nextCursor: null };
    },
  };
}
