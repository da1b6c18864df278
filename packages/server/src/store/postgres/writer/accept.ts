import { DatabaseError } from 'pg';
import type { DeliveryId } from '../../../domain/ids.ts';
import { numberOrNull } from '../../cells.ts';
import { type AcceptResult, type AcceptUnit, type Incarnation, StoreUnavailable } from '../../port.ts';
import type { RunBatch } from '../group-commit.ts';
import { AGAIN_MAX } from '../retry.ts';
import { AcceptBatch } from './accept-batch.ts';
import { BrokenBatch, brokenBy, OpenBatch, splitNumbers } from './batches.ts';
import type { HotContext } from './context.ts';
import { adopt, giveBack } from './leased.ts';
import { takingApart } from './take-apart.ts';
import { type Duplicate, findTaken, type Taken } from './taken.ts';

const STORED = { kind: 'stored' } as const;
const ONE_STORED: AcceptResult = { kind: 'accepted', outcomes: [STORED] };
const ENDPOINTS_CHANGED: AcceptResult = { kind: 'endpoints_changed' };
const IDEMPOTENCY_CONFLICT: AcceptResult = { kind: 'idempotency_conflict' };
const NONE_STALE: ReadonlySet<number> = new Set();
/** What the statement with ids does on purpose when another node was faster with one of them. */
const DIVISION_BY_ZERO = '22012';

/** Stores events with their deliveries: one statement, and one before it where clients chose ids or keys. */
export function createAccept(context: HotContext): RunBatch<AcceptUnit, AcceptResult> {
  const { batches, directory } = context;
  const spare: AcceptBatch[] = [];

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

  async function commitKnown(
    units: readonly AcceptUnit[],
    taken: readonly Taken[] | null,
    batch: AcceptBatch,
  ): Promise<readonly AcceptResult[]> {
    batch.begin(context.incarnation());
    const refusals = taken === null ? null : units.map((unit, at) => refusalOf(unit, taken[at]));
    let checks: readonly number[];
    try {
      checks = units.map((unit, at) => {
        const isRefused = refusals !== null && refusals[at] !== null;
        return isRefused ? 0 : batch.add(unit, taken?.[at]?.ids ?? null);
      });
    } catch (error) {
      throw brokenBy(error);
    }
    const stale = batch.isEmpty ? NONE_STALE : await send(batch, units);
    if (refusals === null && stale.size === 0) return units.map(allStored);
    return units.map((unit, at) => {
      const refusal = refusals?.[at] ?? null;
      if (refusal !== null) return refusal;
      return stale.has(checks[at] ?? 0) ? ENDPOINTS_CHANGED : storedBut(unit, taken?.[at]?.ids ?? null);
    });
  }

  /** Answers the checks that failed. */
  async function send(batch: AcceptBatch, units: readonly AcceptUnit[]): Promise<ReadonlySet<number>> {
    const incarnation = context.incarnation();
    try {
      const sent = await batches.send({ statement: batch.statement, values: batch.values() });
      await keepLeases(units, incarnation);
      if (sent.kind === 'recovered') return new Set(sent.left.numbers);
      const [row] = sent.rows;
      const busyAt = numberOrNull(row?.[1] ?? null);
      if (busyAt !== null) context.onBusy(busyAt);
      return row?.[0] === '' ? NONE_STALE : new Set(splitNumbers(row?.[0]));
    } catch (error) {
      // Whoever is told that it failed keeps nothing of it in memory.
      if (error instanceof OpenBatch) {
        batches.giveUp(error.batch, async () => await giveBack(batches, leasedOf(units), incarnation));
      }
      throw error;
    }
  }

  /** What others took back meanwhile is sent twice at worst: it was accepted, which is all that can be told here. */
  async function keepLeases(units: readonly AcceptUnit[], from: Incarnation): Promise<void> {
    const to = context.incarnation();
    if (from === to) return;
    try {
      await adopt(batches, leasedOf(units), { from, to });
    } catch {
      // As above: of a node that is gone others take everything back.
    }
  }

  async function commit(units: readonly AcceptUnit[]): Promise<readonly AcceptResult[]> {
    await load(units);
    const batch = spare.pop() ?? new AcceptBatch(directory);
    try {
      for (let tries = 1; ; tries += 1) {
        try {
          return await commitKnown(units, await findTaken(batches, directory, units), batch);
        } catch (error) {
          if (!wasOvertaken(error)) throw error;
          if (tries === AGAIN_MAX) throw new StoreUnavailable('commit_failed', { cause: error });
        }
      }
    } finally {
      spare.push(batch);
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

/** What is decided by what is there already. */
function refusalOf({ events }: AcceptUnit, taken: Taken | undefined): AcceptResult | null {
  if (taken === undefined) return null;
  if (taken.request) return IDEMPOTENCY_CONFLICT;
  let first: number | null = null;
  for (const [index, { fingerprint }] of taken.ids ?? []) {
    if (events[index]?.fingerprint !== fingerprint && (first === null || index < first)) first = index;
  }
  return first === null ? null : { kind: 'event_id_conflict', index: first };
}

function allStored({ events }: AcceptUnit): AcceptResult {
  return events.length === 1 ? ONE_STORED : { kind: 'accepted', outcomes: events.map(() => STORED) };
}

function storedBut(unit: AcceptUnit, duplicates: ReadonlyMap<number, Duplicate> | null): AcceptResult {
  if (duplicates === null) return allStored(unit);
  const outcomes = unit.events.map((_, index) => {
    const duplicate = duplicates.get(index);
    if (duplicate === undefined) return STORED;
    return { kind: 'duplicate', key: duplicate.key, createdAt: duplicate.createdAt } as const;
  });
  return { kind: 'accepted', outcomes };
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
