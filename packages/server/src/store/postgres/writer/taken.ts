import type { EventKey } from '../../../domain/ids.ts';
import { number, text } from '../../cells.ts';
import type { AcceptUnit } from '../../port.ts';
import type { Statement } from '../database.ts';
import { idOf } from '../uuids.ts';
import { BigintColumn, IntegerColumn, rowsOf, TextColumn, widthOf } from '../values.ts';
import type { Batches } from './batches.ts';
import type { Directory } from './directory.ts';

export type Duplicate = { readonly key: EventKey; readonly createdAt: number; readonly fingerprint: string };

/** What is there already of a unit: its request, or some of its ids by the places of their events. */
export type Taken = { request: boolean; ids: Map<number, Duplicate> | null };

const createIdColumns = () => ({ organization: new IntegerColumn(), id: new TextColumn(), now: new BigintColumn() });
const createRequestColumns = () => ({
  principal: new TextColumn(),
  route: new TextColumn(),
  key: new TextColumn(),
  now: new BigintColumn(),
});

/** Rows of requests have places below zero. */
const TAKEN: Statement = {
  name: 'accept_taken',
  text: `
    SELECT g.n::integer, x.fingerprint, x.event, x.created_at
    FROM ${rowsOf(1, createIdColumns(), 'g', true)}
    CROSS JOIN LATERAL (
      SELECT * FROM event_ids x WHERE x.organization = g.organization AND x.id = g.id LIMIT 1) x
    WHERE x.expires_at > g.now
    UNION ALL
    SELECT -g.n::integer, NULL, NULL, NULL
    FROM ${rowsOf(1 + widthOf(createIdColumns()), createRequestColumns(), 'g', true)}
    CROSS JOIN LATERAL (
      SELECT * FROM idempotency x WHERE x.principal = g.principal AND x.route = g.route AND x.key = g.key LIMIT 1) x
    WHERE x.expires_at > g.now`,
};

/** Looks for ids and requests that are taken, each at the time of its unit. Null when no unit brings any. */
export async function findTaken(
  batches: Batches,
  directory: Directory,
  units: readonly AcceptUnit[],
): Promise<readonly Taken[] | null> {
  if (!units.some(isKeyed)) return null;
  const ids = createIdColumns();
  const requests = createRequestColumns();
  const askedIds: { readonly taken: Taken; readonly index: number }[] = [];
  const askedRequests: Taken[] = [];
  const all = units.map(({ events, idempotency }) => {
    const taken: Taken = { request: false, ids: null };
    for (const [index, { event, fingerprint }] of events.entries()) {
      const organization = fingerprint === null ? null : directory.organization(event.organizationId);
      if (organization === null) continue;
      ids.organization.add(organization);
      ids.id.add(event.id);
      ids.now.add(event.createdAt);
      askedIds.push({ taken, index });
    }
    if (idempotency !== null) {
      requests.principal.add(idempotency.principal);
      requests.route.add(idempotency.route);
      requests.key.add(idempotency.key);
      requests.now.add(idempotency.createdAt);
      askedRequests.push(taken);
    }
    return taken;
  });
  const values = [...Object.values(ids), ...Object.values(requests)].map((column) => column.value());
  for (const [at, fingerprint, event, createdAt] of await batches.read(TAKEN, values)) {
    const place = number(at);
    const request = askedRequests[-place - 1];
    if (request !== undefined) request.request = true;
    const id = askedIds[place - 1];
    if (id === undefined) continue;
    id.taken.ids ??= new Map();
    id.taken.ids.set(id.index, {
      key: idOf('evt', event),
      createdAt: number(createdAt),
      fingerprint: text(fingerprint),
    });
  }
  return all;
}

function isKeyed({ events, idempotency }: AcceptUnit): boolean {
  return idempotency !== null || events.some(({ fingerprint }) => fingerprint !== null);
}
