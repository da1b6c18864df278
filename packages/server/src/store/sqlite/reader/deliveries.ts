import type { DatabaseSync } from 'node:sqlite';
import type { DeliveryFilter, Page, PageRequest, ShownDelivery } from '../../port.ts';
import { number } from '../cells.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS, shownDeliveryOf } from '../rows.ts';
import { numberCursor, TEXT_MAX } from './page.ts';
import type { SyncReader } from './sync-reader.ts';
import { createHistoryWalk, createQueueWalk, mergeWalks, type Walk } from './walks.ts';

/** Deliveries of one event that one page may look at. */
const EVENT_SCAN_ROWS_MAX = 20_000;

const EMPTY: Page<ShownDelivery> = { items: [], nextCursor: null };

export function createDeliveryReads(db: DatabaseSync): Pick<SyncReader, 'delivery' | 'deliveries'> {
  const byId = db.prepare(`SELECT ${DELIVERY_COLUMNS} FROM deliveries d ${DELIVERY_JOINS}
    LEFT JOIN queue q ON q.delivery = d.number
    WHERE d.organization = (SELECT number FROM organizations WHERE id = ?) AND d.id = ?`);
  const organization = db.prepare('SELECT number FROM organizations WHERE id = ?');
  const endpoint = db.prepare('SELECT number FROM endpoints WHERE id = ? AND organization = ?');
  const event = db.prepare('SELECT number FROM events WHERE organization = ? AND key = ?');
  const ofEvent = createEventDeliveries(db);
  const ofOwner = createOwnerDeliveries(db);

  return {
    delivery(organizationId, id) {
      const row = byId.get(organizationId, id);
      return row === undefined ? null : shownDeliveryOf(row);
    },

    deliveries(filter, page) {
      const organizationRow = organization.get(filter.organizationId);
      if (organizationRow === undefined) return EMPTY;
      const owner = number(organizationRow['number']);
      const endpointRow = filter.endpointId === null ? null : endpoint.get(filter.endpointId, owner);
      if (endpointRow === undefined) return EMPTY;
      if (filter.eventKey !== null) {
        const eventRow = event.get(owner, filter.eventKey);
        return eventRow === undefined ? EMPTY : ofEvent(number(eventRow['number']), filter, page);
      }
      const { rows, nextCursor } = ofOwner(owner, endpointRow && number(endpointRow['number']), filter.status, page);
      return { items: rows.map(shownDeliveryOf), nextCursor };
    },
  };
}

type OwnerDeliveries = (
  organization: number,
  endpoint: number | null,
  status: DeliveryFilter['status'],
  page: PageRequest,
) => Walk;

/** The deliveries of an endpoint, or of a whole organization. */
function createOwnerDeliveries(db: DatabaseSync): OwnerDeliveries {
  const all = createWalkOfEither(db, null);
  const succeeded = createWalkOfEither(db, 'succeeded');
  const dead = createWalkOfEither(db, 'dead');
  const cancelled = createWalkOfEither(db, 'cancelled');
  const queued = {
    pending: createQueueWalk(db, 'pending'),
    retrying: createQueueWalk(db, 'retrying'),
    in_flight: createQueueWalk(db, 'in_flight'),
    held: createQueueWalk(db, 'held'),
    cancelled: createQueueWalk(db, 'cancelled'),
  };
  const anyArchived = db.prepare(
    "SELECT 1 AS found FROM endpoints WHERE organization = ? AND status = 'archived' LIMIT 1",
  );

  return (organization, endpoint, status, page) => {
    switch (status) {
      case null:
        return all(organization, endpoint, page);
      case 'succeeded':
        return succeeded(organization, endpoint, page);
      case 'dead':
        return dead(organization, endpoint, page);
      case 'cancelled': {
        const ended = cancelled(organization, endpoint, page);
        if (anyArchived.get(organization) === undefined) return ended;
        // Those of archived endpoints are shown as cancelled before housekeeping makes them so.
        const owed = queued.cancelled(organization, endpoint, numberCursor(page.after), page.itemsMax);
        return mergeWalks(ended, owed, page.itemsMax);
      }
      default:
        return queued[status](organization, endpoint, numberCursor(page.after), page.itemsMax);
    }
  };
}

function createWalkOfEither(db: DatabaseSync, status: 'succeeded' | 'dead' | 'cancelled' | null) {
  const ofOrganization = createHistoryWalk(db, { owner: 'organization', status });
  const ofEndpoint = createHistoryWalk(db, { owner: 'endpoint', status });
  const organizationCursorIsId = status === null || status === 'succeeded';
  return (organization: number, endpoint: number | null, { after, itemsMax }: PageRequest): Walk => {
    if (endpoint !== null) return ofEndpoint(endpoint, numberCursor(after), itemsMax);
    return ofOrganization(organization, organizationCursorIsId ? (after ?? TEXT_MAX) : numberCursor(after), itemsMax);
  };
}

/** The deliveries of one event are few: as many as it has endpoints, and resends. They are filtered as they are shown. */
function createEventDeliveries(db: DatabaseSync) {
  const walk = createHistoryWalk(db, { owner: 'event', status: null });

  return (event: number, filter: DeliveryFilter, page: PageRequest): Page<ShownDelivery> => {
    const items: ShownDelivery[] = [];
    let cursor = numberCursor(page.after);
    let looked = 0;
    while (looked < EVENT_SCAN_ROWS_MAX) {
      const { rows, nextCursor } = walk(event, cursor, page.itemsMax);
      for (const row of rows) {
        const item = shownDeliveryOf(row);
        if (isWanted(item, filter)) {
          if (items.length === page.itemsMax) return { items, nextCursor: String(cursor) };
          items.push(item);
        }
        cursor = number(row['number']);
      }
      if (nextCursor === null) return { items, nextCursor: null };
      looked += rows.length;
    }
    return { items, nextCursor: String(cursor) };
  };
}

function isWanted({ shown, delivery }: ShownDelivery, { status, endpointId }: DeliveryFilter): boolean {
  return (status === null || status === shown) && (endpointId === null || endpointId === delivery.endpointId);
}
