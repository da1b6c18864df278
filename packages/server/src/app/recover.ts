import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointId } from '../domain/ids.ts';
import { RECOVER_DAYS_MAX } from '../domain/limits.ts';
import type { Command, RecoverFilter } from '../store/port.ts';
import { auditCommand } from './audit.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { idempotent, type RowMaker } from './idempotency.ts';
import { invalid, type Outcome, refused, replayed } from './outcome.ts';
import { type ArchivedEndpoints, ownEndpoint } from './own-endpoint.ts';
import { type Decision, decideAndApply } from './submit.ts';

export type RecoverInput = {
  readonly endpointId: EndpointId;
  /** Deliveries made from then on, epoch milliseconds. */
  readonly since: number;
  /** Up to then; null: now. */
  readonly until: number | null;
  readonly statuses: RecoverFilter['statuses'];
  /** Where the call before this one stopped. */
  readonly after: string | null;
};

export type Recovered = {
  /** Deliveries sent again by this call. */
  readonly recovered: number;
  /** Those it met whose payload was erased: nothing is left to send. */
  readonly erased: number;
  /** Those that a further call would find, counted up to a bound. */
  readonly remaining: number;
  readonly nextCursor: string | null;
};

/** Deliveries that one call sends again; more take more calls, so that every call is one short commit. */
export const RECOVER_ITEMS_MAX = 1_000;
const REMAINING_COUNT_MAX = 100_000;
const DAY_MS = 86_400_000;

/** Sends again what an endpoint missed in a range of time, as new deliveries, a bounded step at a time. */
export async function recoverDeliveries(
  app: AppContext,
  caller: Caller,
  input: RecoverInput,
  request: IdempotencyRequest | null,
  archived: ArchivedEndpoints,
): Promise<Outcome<Recovered>> {
  const refusal = missingScope(caller, 'deliveries:write');
  if (refusal !== null) return refusal;
  const now = app.clock.now();
  const until = input.until ?? now;
  if (until < input.since) return invalid('/until', 'must not be before "since"');
  if (now - input.since > RECOVER_DAYS_MAX * DAY_MS) {
    return invalid('/since', `must be within the last ${RECOVER_DAYS_MAX} days`);
  }
  const { organizationId } = caller;
  const { endpointId, since, statuses } = input;
  const filter: RecoverFilter = { organizationId, endpointId, since, until, statuses };
  return await idempotent<Recovered, Recovered>(app, caller, request, {
    perform: async (row) => {
      const decide = async (): Promise<Decision<Recovered>> => {
        const found = await ownEndpoint(app, caller, endpointId, archived);
        return found.ok
          ? await decideRecovery(app, caller, found.value.endpoint, { filter, after: input.after, row })
          : found;
      };
      // One at a time per endpoint: two recoveries at once would both find the same deliveries. Of two nodes the one that
      // commits later finds that out, and looks again.
      return await app.queue.run(`recover ${endpointId}`, async () => await decideAndApply(app, decide));
    },
    replay: async (reference) => {
      const found = await ownEndpoint(app, caller, endpointId, archived);
      return found.ok ? replayed(reference) : found;
    },
  });
}

async function decideRecovery(
  app: AppContext,
  caller: Caller,
  { id: endpointId, status, version }: Endpoint,
  wanted: {
    readonly filter: RecoverFilter;
    readonly after: string | null;
    readonly row: RowMaker<Recovered> | null;
  },
): Promise<Decision<Recovered>> {
  if (status.kind === 'archived') return refused('endpoint_archived', 'an archived endpoint receives nothing');
  const { filter, after, row } = wanted;
  const { organizationId, since, until, statuses } = filter;
  const page = await app.store.reader.recoverable(filter, { after, itemsMax: RECOVER_ITEMS_MAX });
  const total = page.nextCursor === null ? 0 : await app.store.reader.recoverableCount(filter, REMAINING_COUNT_MAX);
  const createdAt = app.clock.now();
  const sendable = page.items.filter(({ payloadErasedAt }) => payloadErasedAt === null);
  const deliveries = sendable.map((old) => ({
    id: app.ids.next('dlv'),
    organizationId,
    endpointId,
    eventKey: old.eventKey,
    resendOf: old.id,
    createdAt,
  }));
  const value: Recovered = {
    recovered: deliveries.length,
    erased: page.items.length - sendable.length,
    remaining: Math.max(0, total - deliveries.length),
    nextCursor: page.nextCursor,
  };
  const remembered: Command[] = row === null ? [] : [{ kind: 'idempotency.insert', row: row(value) }];
  if (deliveries.length === 0) return { ok: true, value, commands: remembered };
  const audited = auditCommand(app, caller, createdAt, {
    action: 'deliveries.recovered',
    target: endpointId,
    detail: { recovered: deliveries.length, since, until, statuses: statuses.join(' ') },
  });
  return {
    ok: true,
    value,
    commands: [
      ...remembered,
      { kind: 'endpoint.expect', endpointId, version },
      { kind: 'delivery.insert', deliveries, once: true },
      audited,
    ],
  };
}
