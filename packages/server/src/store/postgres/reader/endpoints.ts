import type { EndpointStatus } from '../../../domain/endpoint.ts';
import { number, numberOrNull, type Row, text } from '../../cells.ts';
import { pageOf, TEXT_MAX } from '../../page.ts';
import type { EndpointWithHealth, Reader } from '../../reader.ts';
import { ENDPOINT_COLUMNS, endpointOf, healthOf } from '../../rows.ts';
import type { Statement } from '../database.ts';
import type { Queries } from './queries.ts';

type Reads = Pick<
  Reader,
  'endpoint' | 'endpoints' | 'endpointCount' | 'subscribers' | 'endpointById' | 'sealedHeaders'
>;

const FROM = `FROM endpoints e JOIN organizations o ON o.number = e.organization
  LEFT JOIN endpoint_health h ON h.endpoint = e.number`;

const BY_ID: Statement = { name: 'read_endpoint', text: `SELECT ${ENDPOINT_COLUMNS} ${FROM} WHERE e.id = $1` };
const LIST = listOf('read_endpoints', '');
const LIST_LIVING = listOf('read_living_endpoints', "AND e.status <> 'archived'");
// The comparisons of the partial indexes stand here once more, or the planner would not take them.
const COUNTS: Readonly<Record<EndpointStatus['kind'], Statement>> = {
  active: countOf('active', "status <> 'archived' AND status = 'active'"),
  suspended: countOf('suspended', "status <> 'archived' AND status = 'suspended'"),
  archived: countOf('archived', "status = 'archived'"),
};
/** An organization without endpoints is one row of nulls, which tells the version. */
const SUBSCRIBERS: Statement = {
  name: 'read_subscribers',
  text: `SELECT o.endpoints_version, ${ENDPOINT_COLUMNS}
    FROM organizations o LEFT JOIN endpoints e ON e.organization = o.number AND e.status <> 'archived'
    LEFT JOIN endpoint_health h ON h.endpoint = e.number WHERE o.id = $1`,
};
const EVERYWHERE: Statement = {
  name: 'read_all_endpoints',
  text: `SELECT ${ENDPOINT_COLUMNS} ${FROM} WHERE e.id > $1 ORDER BY e.id LIMIT $2`,
};

export function createEndpointReads({ all, first }: Queries): Reads {
  async function endpointById(id: string): Promise<EndpointWithHealth | null> {
    const row = await first(BY_ID, id);
    return row === undefined ? null : withHealth(row);
  }

  return {
    endpointById,
    async endpoint(organizationId, id) {
      const found = await endpointById(id);
      return found?.endpoint.organizationId === organizationId ? found : null;
    },
    async endpoints(organizationId, { after, itemsMax }, archived) {
      const list = archived === 'included' ? LIST : LIST_LIVING;
      const rows = await all(list, organizationId, after ?? TEXT_MAX, itemsMax + 1);
      return pageOf(rows, itemsMax, withHealth, (row) => text(row['id']));
    },
    async endpointCount(organizationId, statuses) {
      const kinds = [...new Set(statuses)];
      const rows = await Promise.all(kinds.map(async (kind) => await first(COUNTS[kind], organizationId)));
      return rows.reduce((sum, row) => sum + number(row?.['found'] ?? 0), 0);
    },
    async subscribers(organizationId) {
      const rows = await all(SUBSCRIBERS, organizationId);
      return {
        endpointsVersion: numberOrNull(rows[0]?.['endpoints_version'] ?? null),
        endpoints: rows.filter((row) => row['id'] !== null).map(withHealth),
      };
    },
    /** The headers of as many endpoints as there may be items: a page can hold none, or a few more. */
    async sealedHeaders({ after, itemsMax }) {
      const rows = await all(EVERYWHERE, after ?? '', itemsMax + 1);
      const page = pageOf(rows, itemsMax, endpointOf, (row) => text(row['id']));
      const items = page.items.flatMap(({ id, headers }) =>
        headers.map(({ name, sealed }) => ({ endpointId: id, name, sealed })),
      );
      return { items, nextCursor: page.nextCursor };
    },
  };
}

function listOf(name: string, condition: string): Statement {
  return {
    name,
    text: `SELECT ${ENDPOINT_COLUMNS} ${FROM}
      WHERE e.organization = (SELECT number FROM organizations WHERE id = $1) AND e.id < $2 ${condition}
      ORDER BY e.id DESC LIMIT $3`,
  };
}

function countOf(status: string, condition: string): Statement {
  return {
    name: `read_${status}_count`,
    text: `SELECT count(*) AS found FROM endpoints
      WHERE organization = (SELECT number FROM organizations WHERE id = $1) AND ${condition}`,
  };
}

function withHealth(row: Row): EndpointWithHealth {
  return { endpoint: endpointOf(row), health: healthOf(row) };
}
