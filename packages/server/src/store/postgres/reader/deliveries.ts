import { SHOWN_STATUSES, type ShownStatus } from '../../../domain/delivery.ts';
import { number, numberOrNull, type Row } from '../../cells.ts';
import type { Page, PageRequest, Reader, ShownDelivery } from '../../reader.ts';
import type { Statement } from '../database.ts';
import { DELIVERY_COLUMNS, DELIVERY_JOINS, shownDelivery } from '../rows.ts';
import { idOf, UUID_MAX, uuidsSince, uuidTextOf } from '../uuids.ts';
import type { Queries } from './queries.ts';
import {
  createEventWalk,
  createHistoryWalk,
  createQueueWalk,
  mergeWalks,
  sift,
  type Walk,
  type WalkOwner,
} from './walks.ts';

const EMPTY: Page<ShownDelivery> = { items: [], nextCursor: null };

const BY_ID: Statement = {
  name: 'read_delivery',
  text: `SELECT ${DELIVERY_COLUMNS} FROM deliveries d ${DELIVERY_JOINS}
    WHERE d.organization = (SELECT number FROM organizations WHERE id = $1) AND d.id = $2::uuid`,
};
const OWNER: Statement = {
  name: 'read_delivery_owner',
  text: `SELECT o.number AS organization,
      (SELECT e.number FROM endpoints e WHERE e.id = $2 AND e.organization = o.number) AS endpoint,
      EXISTS (SELECT 1 FROM endpoints e WHERE e.organization = o.number AND e.status = 'archived') AS any_archived
    FROM organizations o WHERE o.id = $1`,
};

type Owner = WalkOwner & { readonly anyArchived: boolean };
/** With a cursor that can be compared. */
type Place = PageRequest & { readonly after: string };

export function createDeliveryReads(queries: Queries): Pick<Reader, 'delivery' | 'deliveries'> {
  const ofEvent = createEventWalk(queries);
  const ofOwner = createOwnerDeliveries(queries);

  return {
    async delivery(organizationId, id) {
      const uuid = uuidTextOf(id);
      const row = uuid === null ? undefined : await queries.first(BY_ID, organizationId, uuid);
      return row === undefined || row['event_type'] === null ? null : shownDelivery(row);
    },

    async deliveries({ organizationId, endpointId, eventKey, statuses }, { after, itemsMax }) {
      const row = await queries.first(OWNER, organizationId, endpointId);
      const owner = row === undefined ? null : ownerOf(row);
      if (owner === null || (endpointId !== null && owner.endpoint === null)) return EMPTY;
      // All of them, each once, is no filter.
      const wanted = statuses === null ? new Set(SHOWN_STATUSES) : new Set(statuses);
      const place = { after: cursorOf(after), itemsMax };
      if (eventKey === null) return shown(await ofOwner(owner, wanted, place));
      const key = uuidTextOf(eventKey);
      if (key === null) return EMPTY;
      const event = { key, organization: owner.organization, since: uuidsSince(key) };
      const isWanted = (each: Row): boolean =>
        (endpointId === null || each['endpoint_id'] === endpointId) && wanted.has(shownDelivery(each).shown);
      return shown(await sift((cursor, stepMax) => ofEvent(event, cursor, stepMax), place, isWanted));
    },
  };
}

function ownerOf(row: Row): Owner {
  return {
    organization: number(row['organization']),
    endpoint: numberOrNull(row['endpoint']),
    anyArchived: row['any_archived'] === true,
  };
}

/** A cursor is the id of a delivery; an unreadable one begins at the newest. */
export function cursorOf(after: string | null): string {
  return (after === null ? null : uuidTextOf(after)) ?? UUID_MAX;
}

function shown({ rows, nextCursor }: Walk): Page<ShownDelivery> {
  return { items: rows.map(shownDelivery), nextCursor: nextCursor === null ? null : idOf('dlv', nextCursor) };
}

/**
 * The deliveries of an endpoint, or of a whole organization. Those that are owed are found in the queue, dead and
 * cancelled ones in a table of their own. Only successes are everywhere, so what is wanted besides them is picked out of
 * everything on the way.
 */
function createOwnerDeliveries(queries: Queries) {
  const all = createHistoryWalk(queries, null);
  const succeeded = createHistoryWalk(queries, 'succeeded');
  const dead = createHistoryWalk(queries, 'dead');
  const cancelled = createHistoryWalk(queries, 'cancelled');
  const queued = createQueueWalk(queries);

  return async (owner: Owner, wanted: ReadonlySet<ShownStatus>, place: Place): Promise<Walk> => {
    const { after, itemsMax } = place;
    if (wanted.size === SHOWN_STATUSES.length) return await all(owner, after, itemsMax);
    if (wanted.has('succeeded')) {
      if (wanted.size === 1) return await succeeded(owner, after, itemsMax);
      const walk = async (cursor: string, stepMax: number) => await all(owner, cursor, stepMax);
      return await sift(walk, place, (row) => wanted.has(shownDelivery(row).shown));
    }
    const walks: Walk[] = [];
    const owed: ShownStatus[] = [...wanted].filter((status) => status !== 'dead' && status !== 'cancelled');
    // Those of archived endpoints are shown as cancelled before housekeeping makes them so.
    if (wanted.has('cancelled') && owner.anyArchived) owed.push('cancelled');
    // The queue comes first: what leaves it meanwhile is found among the ended, and never missed.
    if (owed.length > 0) walks.push(await queued(owner, owed, after, itemsMax));
    if (wanted.has('dead')) walks.push(await dead(owner, after, itemsMax));
    if (wanted.has('cancelled')) walks.push(await cancelled(owner, after, itemsMax));
    return mergeWalks(walks, itemsMax);
  };
}
