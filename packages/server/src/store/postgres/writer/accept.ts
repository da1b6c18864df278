import { DatabaseError } from 'pg';
import type { DeliveryId, EventKey } from '../../../domain/ids.ts';
import { type AcceptResult, type AcceptUnit, StoreUnavailable } from '../../port.ts';
import { number, numberOrNull, text } from '../../cells.ts';
import type { RunBatch } from '../group-commit.ts';
import { AGAIN_MAX } from '../retry.ts';
import { idOf } from '../uuids.ts';
import { BigintColumn, IntegerColumn, TextColumn } from '../values.ts';
import { AcceptBatch, TAKEN } from './accept-batch.ts';
import { BrokenBatch, OpenBatch, splitNumbers } from './batches.ts';
import type { HotContext } from './context.ts';
import { giveBack } from './leased.ts';
import { takingApart } from './take-apart.ts';

const STORED = { kind: 'stored' } as const;
const ONE_STORED: AcceptResult = { kind: 'accepted', outcomes: [STORED] };
const ENDPOINTS_CHANGED: AcceptResult = { kind: 'endpoints_changed' };
const IDEMPOTENCY_CONFLICT: AcceptResult = { kind: 'idempotency_conflict' };
/** What the statement with ids does on purpose when another node was faster with one of them. */
const DIVISION_BY_ZERO = '22012';

type Duplicate = { readonly key: EventKey; readonly createdAt: number; readonly fingerprint: string };
/** What is there already of a unit: its request, or some of its ids by the index of their event. */
type Taken = { request: boolean; readonly ids: Map<number, Duplicate> };

/** Stores events with their deliveries: one statement, and one before it where clients chose ids or keys. */
export function createAccept(context: HotContext): RunBatch<AcceptUnit, AcceptResult> {
  const { batches, directory } = context;

  async function load(units: readonly AcceptUnit[]): Promise<void> {
    const endpoints = new Set<string>();
    const organizations = new Set<string>();
    for (const { events } of units) {
      for (const { event, deliveries } of events) {
        if (directory.organization(event.organizationId) === null) organizations.add(event.organizationId);
        for (const { endpointId } of deliveries) {
          if (directory.endpoint(endpointId) === null) endpoints.add(endpointId);
        }
      }
    }
    if (endpoints.size + organizations.size > 0) await directory.load(endpoints, organizations);
  }

  /** Per unit; null when none of them brings ids or a request. */
  async function findTaken(units: readonly AcceptUnit[]): Promise<readonly Taken[] | null> {
    const asked: { readonly taken: Taken; readonly index: number }[] = [];
    const requests: Taken[] = [];
    const ids = { organization: new IntegerColumn(), id: new TextColumn(), now: new BigintColumn() };
    const keys = { principal: new TextColumn(), route: new TextColumn(), key: new TextColumn(), now: new BigintColumn() };
    const all = units.map(({ events, idempotency }): Taken => {
      const taken: Taken = { request: false, ids: new Map() };
      for (const [index, { event, fingerprint }] of events.entries()) {
        const organization = fingerprint === null ? null : directory.organization(event.organizationId);
        if (organization === null) continue;
        ids.organization.add(organization);
        ids.id.add(event.id);
        ids.now.add(event.createdAt);
        asked.push({ taken, index });
      }
      if (idempotency !== null) {
        keys.principal.add(idempotency.principal);
        keys.route.add(idempotency.route);
        keys.key.add(idempotency.key);
        keys.now.add(idempotency.createdAt);
        requests.push(taken);
      }
      return taken;
    });
    if (asked.length + requests.length === 0) return null;
    const values = [...Object.values(ids), ...Object.values(keys)].map((column) => column.value());
    for (const [at, fingerprint, event, createdAt] of await batches.read(TAKEN, values)) {
      const place = number(at);
      const request = requests[-place - 1];
      const id = asked[place - 1];
      if (request !== undefined) request.request = true;
      id?.taken.ids.set(id.index, {
        key: idOf('evt', event),
        createdAt: number(createdAt),
        fingerprint: text(fingerprint),
      });
    }
    return all;
  }

  /** What is decided by what is there already. */
  function refusalOf({ events }: AcceptUnit, taken: Taken): AcceptResult | null {
    if (taken.request) return IDEMPOTENCY_CONFLICT;
    for (const [index, { fingerprint }] of taken.ids) {
      if (events[index]?.fingerprint !== fingerprint) return { kind: 'event_id_conflict', index };
    }
    return null;
  }

  async function commitKnown(
    units: readonly AcceptUnit[],
    taken: readonly Taken[] | null,
  ): Promise<readonly AcceptResult[]> {
    const batch = new AcceptBatch(directory, context.incarnation());
    const refusals: (AcceptResult | null)[] = [];
    const checks: number[] = [];
    try {
      for (const [at, unit] of units.entries()) {
        const found = taken?.[at];
        const refusal = found === undefined ? null : refusalOf(unit, found);
        refusals.push(refusal);
        checks.push(refusal === null ? batch.add(unit, (index) => found?.ids.has(index) === true) : 0);
      }
    } catch (error) {
      throw new BrokenBatch(error instanceof Error ? error.message : String(error), { cause: error });
    }
    const stale = batch.isEmpty ? new Set<number>() : await send(batch, units);
    return units.map(({ events }, at) => {
      const refusal = refusals[at] ?? null;
      if (refusal !== null) return refusal;
      if (stale.has(checks[at] ?? 0)) return ENDPOINTS_CHANGED;
      const duplicates = taken?.[at]?.ids;
      if (duplicates === undefined || duplicates.size === 0) {
        return events.length === 1 ? ONE_STORED : { kind: 'accepted', outcomes: events.map(() => STORED) };
      }
      return { kind: 'accepted', outcomes: events.map((_, index) => outcomeOf(duplicates.get(index))) };
    });
  }

  /** Answers the checks that failed. */
  async function send(batch: AcceptBatch, units: readonly AcceptUnit[]): Promise<ReadonlySet<number>> {
    const incarnation = context.incarnation();
    try {
      const sent = await batches.send({ statement: batch.statement, values: batch.values(), times: batch.times });
      if (sent.kind === 'recovered') return new Set(sent.left.numbers);
      const [row] = sent.rows;
      const busyAt = numberOrNull(row?.[1] ?? null);
      if (busyAt !== null) context.onBusy(busyAt);
      return new Set(splitNumbers(row?.[0]));
    } catch (error) {
      // Whoever is told that it failed keeps nothing of it in memory.
      if (error instanceof OpenBatch) {
        batches.giveUp(error.batch, async () => await giveBack(batches, leasedOf(units), incarnation));
      }
      throw error;
    }
  }

  async function commit(units: readonly AcceptUnit[]): Promise<readonly AcceptResult[]> {
    await load(units);
    for (let tries = 1; ; tries += 1) {
      try {
        return await commitKnown(units, await findTaken(units));
      } catch (error) {
        if (!wasOvertaken(error)) throw error;
        if (tries === AGAIN_MAX) throw new StoreUnavailable('commit_failed', { cause: error });
      }
    }
  }

  return takingApart(commit);
}

/** Ids and keys of which one unit at a time may be under way on this node; on others the statement finds out. */
export function acceptClaims({ events, idempotency }: AcceptUnit): readonly string[] | null {
  let claims: string[] | null = null;
  for (const { event, fingerprint } of events) {
    if (fingerprint === null) continue;
    claims ??= [];
    claims.push(`${event.organizationId} ${event.id}`);
  }
  if (idempotency === null) return claims;
  const { principal, route, key } = idempotency;
  return [...(claims ?? []), `${principal}\n${route}\n${key}`];
}

function outcomeOf(duplicate: Duplicate | undefined) {
  if (duplicate === undefined) return STORED;
  return { kind: 'duplicate', key: duplicate.key, createdAt: duplicate.createdAt } as const;
}

function leasedOf(units: readonly AcceptUnit[]): readonly DeliveryId[] {
  return units.flatMap(({ events }) =>
    events.flatMap(({ deliveries }) => deliveries.filter(({ leased }) => leased).map(({ id }) => id)),
  );
}

function wasOvertaken(error: unknown): boolean {
  const cause = error instanceof BrokenBatch ? error.cause : null;
  return cause instanceof DatabaseError && cause.code === DIVISION_BY_ZERO;
}
