import type { DatabaseSync } from 'node:sqlite';
import { SHOWN_STATUSES, type ShownStatus } from '../../../domain/delivery.ts';
import { numberCursor, TEXT_MAX } from '../../page.ts';
import type { Page, PageRequest, ShownDelivery } from '../../port.ts';
import { shownDeliveryOf } from '../../rows.ts';
import { number } from '../cells.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS } from '../rows.ts';
import type { SyncReader } from './sync-reader.ts';
import { createHistoryWalk, createQueueWalk, mergeWalks, sift, type Walk } from './walks.ts';

const EMPTY: Page<ShownDelivery> = { items: [], nextCursor: null };

type Owner = { readonly organization: number; readonly endpoint: number | null };

export function createDeliveryReads(db: DatabaseSync): Pick<SyncReader, 'delivery' | 'deliveries'> {
  const byId = db.prepare(`SELECT ${DELIVERY_COLUMNS} FROM deliveries d ${DELIVERY_JOINS}
    LEFT JOIN queue q ON q.delivery = d.number
    WHERE d.organization = (SELECT number FROM organizations WHERE id = ?) AND d.id = ?`);
  const organization = db.prepare('SELECT number FROM organizations WHERE id = ?');
  const endpoint = db.prepare('SELECT number FROM endpoints WHERE id = ? AND organization = ?');
  const event = db.prepare('SELECT number FROM events WHERE organization = ? AND key = ?');
  const ofEvent = createHistoryWalk(db, { owner: 'event', status: null });
  const ofOwner = createOwnerDeliveries(db);

  return {
    delivery(organizationId, id) {
      const row = byId.get(organizationId, id);
      return row === undefined ? null : shownDeliveryOf(row);
    },

    deliveries({ organizationId, endpointId, eventKey, statuses }, page) {
      const organizationRow = organization.get(organizationId);
      if (organizationRow === undefined) return EMPTY;
      const owner = number(organizationRow['number']);
      const endpointRow = endpointId === null ? null : endpoint.get(endpointId, owner);
      if (endpointRow === undefined) return EMPTY;
      // All of them, each once, is no filter.
      const wanted = statuses === null ? new Set(SHOWN_STATUSES) : new Set(statuses);
      if (eventKey === null) {
        const of = { organization: owner, endpoint: endpointRow && number(endpointRow['number']) };
        return shown(ofOwner(of, wanted, page));
      }
      const eventRow = event.get(owner, eventKey);
      if (eventRow === undefined) return EMPTY;
      // The deliveries of one event are few: as many as it has endpoints, and resends.
      const walk = (after: string | null, itemsMax: number): Walk =>
        ofEvent(number(eventRow['number']), numberCursor(after), itemsMax);
      const isOfEndpoint = (id: unknown): boolean => endpointId === null || id === endpointId;
      return shown(
        sift(walk, 'number', page, (row) => isOfEndpoint(row['endpoint_id']) && wanted.has(shownDeliveryOf(row).shown)),
      );
    },
  };
}

function shown({ rows, nextCursor }: Walk): Page<ShownDelivery> {
  return { items: rows.map(shownDeliveryOf), nextCursor };
}

type OwnerDeliveries = (owner: Owner, wanted: ReadonlySet<ShownStatus>, page: PageRequest) => Walk;

/**
 * The deliveries of an endpoint, or of a whole organization. Those that are owed are found in the queue, dead and
 * cancelled ones in indexes of their own. Only successes are everywhere, so what is wanted besides them is picked out of
 * everything on the way.
 */
function createOwnerDeliveries(db: DatabaseSync): OwnerDeliveries {
  const all = createWalkOfEither(db, null);
  const succeeded = createWalkOfEither(db, 'succeeded');
  const dead = createWalkOfEither(db, 'dead');
  const cancelled = createWalkOfEither(db, 'cancelled');
  const queued = createQueueWalk(db);
  const anyArchived = db.prepare(
    "SELECT 1 AS found FROM endpoints WHERE organization = ? AND status = 'archived' LIMIT 1",
  );

  return (owner, wanted, page) => {
    if (wanted.size === SHOWN_STATUSES.length) return all(owner, page);
    if (wanted.has('succeeded')) {
      if (wanted.size === 1) return succeeded(owner, page);
      const walk = (after: string | null, itemsMax: number): Walk => all(owner, { after, itemsMax });
      return sift(walk, keyOf(owner, null), page, (row) => wanted.has(shownDeliveryOf(row).shown));
    }
    const walks: Walk[] = [];
    const owed: ShownStatus[] = [...wanted].filter((status) => status !== 'dead' && status !== 'cancelled');
    // Those of archived endpoints are shown as cancelled before housekeeping makes them so.
    if (wanted.has('cancelled') && anyArchived.get(owner.organization) !== undefined) owed.push('cancelled');
    // The queue comes first: what leaves it meanwhile is found among the ended, and never missed.
    if (owed.length > 0) walks.push(queued(owner, owed, numberCursor(page.after), page.itemsMax));
    if (wanted.has('dead')) walks.push(dead(owner, page));
    if (wanted.has('cancelled')) walks.push(cancelled(owner, page));
    return mergeWalks(walks, page.itemsMax);
  };
}

type HistoryStatus = 'succeeded' | 'dead' | 'cancelled' | null;

/** What a list is sorted by: an organization's deliveries are in an index by id, all others in indexes by number. */
function keyOf({ endpoint }: Owner, status: HistoryStatus): 'id' | 'number' {
  return endpoint === null && status !== 'dead' && status !== 'cancelled' ? 'id' : 'number';
}

function createWalkOfEither(db: DatabaseSync, status: HistoryStatus): (owner: Owner, page: PageRequest) => Walk {
  const ofOrganization = createHistoryWalk(db, { owner: 'organization', status });
  const ofEndpoint = createHistoryWalk(db, { owner: 'endpoint', status });
  return (owner, { after, itemsMax }) => {
    const cursor = keyOf(owner, status) === 'id' ? (after ?? TEXT_MAX) : numberCursor(after);
    const { organization, endpoint } = owner;
    return endpoint === null ? ofOrganization(organization, cursor, itemsMax) : ofEndpoint(endpoint, cursor, itemsMax);
  };
}
