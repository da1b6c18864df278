import type { DatabaseSync } from 'node:sqlite';
import { pageOf, TEXT_MAX } from '../../page.ts';
import type { EndpointWithHealth } from '../../port.ts';
import { ENDPOINT_COLUMNS, endpointOf, healthOf } from '../../rows.ts';
import { number, type Row, text } from '../cells.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<
  SyncReader,
  'endpoint' | 'endpoints' | 'endpointCount' | 'subscribers' | 'endpointById' | 'sealedHeaders'
>;

const FROM = `FROM endpoints e JOIN organizations o ON o.number = e.organization
  LEFT JOIN endpoint_health h ON h.endpoint = e.number`;

export function createEndpointReads(db: DatabaseSync): Reads {
  const byId = db.prepare(`SELECT ${ENDPOINT_COLUMNS} ${FROM} WHERE e.id = ?`);
  const all = prepareList(db, '');
  const living = prepareList(db, "AND e.status <> 'archived'");
  // The comparisons of the partial indexes stand here once more, or the planner would not take them.
  const counts = {
    active: prepareCount(db, "status <> 'archived' AND status = 'active'"),
    suspended: prepareCount(db, "status <> 'archived' AND status = 'suspended'"),
    archived: prepareCount(db, "status = 'archived'"),
  };
  const subscribers = db.prepare(`SELECT ${ENDPOINT_COLUMNS} ${FROM}
    WHERE e.organization = (SELECT number FROM organizations WHERE id = ?) AND e.status <> 'archived'`);
  const everywhere = db.prepare(`SELECT ${ENDPOINT_COLUMNS} ${FROM} WHERE e.id > ? ORDER BY e.id LIMIT ?`);

  function endpointById(id: string): EndpointWithHealth | null {
    const row = byId.get(id);
    return row === undefined ? null : withHealth(row);
  }

  return {
    endpoint(organizationId, id) {
      const found = endpointById(id);
      return found?.endpoint.organizationId === organizationId ? found : null;
    },
    endpoints(organizationId, { after, itemsMax }, archived) {
      const list = archived === 'included' ? all : living;
      const rows = list.all(organizationId, after ?? TEXT_MAX, itemsMax + 1);
      return pageOf(rows, itemsMax, withHealth, (row) => text(row['id']));
    },
    endpointCount(organizationId, statuses) {
      let count = 0;
      for (const status of new Set(statuses)) count += number(counts[status].get(organizationId)?.['found']);
      return count;
    },
    subscribers: (organizationId) => ({
      endpointsVersion: null,
      endpoints: subscribers.all(organizationId).map(withHealth),
    }),
    endpointById,
    /** The headers of as many endpoints as there may be items: a page can hold none, or a few more. */
    sealedHeaders({ after, itemsMax }) {
      const rows = everywhere.all(after ?? '', itemsMax + 1);
      const page = pageOf(rows, itemsMax, endpointOf, (row) => text(row['id']));
      const items = page.items.flatMap(({ id, headers }) =>
        headers.map(({ name, sealed }) => ({ endpointId: id, name, sealed })),
      );
      return { items, nextCursor: page.nextCursor };
    },
  };
}

function prepareList(db: DatabaseSync, condition: string) {
  return db.prepare(`SELECT ${ENDPOINT_COLUMNS} ${FROM}
    WHERE e.organization = (SELECT number FROM organizations WHERE id = ?) AND e.id < ? ${condition}
    ORDER BY e.id DESC LIMIT ?`);
}

function prepareCount(db: DatabaseSync, condition: string) {
  return db.prepare(`SELECT count(*) AS found FROM endpoints
    WHERE organization = (SELECT number FROM organizations WHERE id = ?) AND ${condition}`);
}

function withHealth(row: Row): EndpointWithHealth {
  return { endpoint: endpointOf(row), health: healthOf(row) };
}
