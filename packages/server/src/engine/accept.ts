import type { Clock } from '../domain/clock.ts';
import type { Event } from '../domain/event.ts';
import type { IdSource, OrganizationId } from '../domain/ids.ts';
import { DELIVERIES_PER_REQUEST_MAX } from '../domain/limits.ts';
import type {
  AcceptedDelivery,
  AcceptedEvent,
  AcceptResult,
  IdempotencyRow,
  Incarnation,
  Store,
} from '../store/port.ts';
import { StoreUnavailable } from '../store/port.ts';
import { admission, countDeliveries, payloadBytesOf } from './admission.ts';
import type { Dispatch } from './dispatch.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import type { AcceptedReference, AcceptOutcome, IncomingEvent } from './engine.ts';
import { fingerprintOf } from './fingerprint.ts';
import { bytesInMemory, eventFor, type Lane, type LiveDelivery, type SentEvent } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { OrganizationView } from './organization-view.ts';
import type { Refill } from './refill.ts';
import type { EngineTelemetry } from './telemetry.ts';
import type { EngineTracing } from './tracing.ts';

const RETRY_AFTER_SECONDS = 1;
/** Of a store whose disk is full or cannot be written: the disk is looked at so often. */
const STORE_RETRY_AFTER_SECONDS = 5;
/** So often an event is matched again because the organization's endpoints changed meanwhile. */
const MATCHES_MAX = 5;

export type AcceptTools = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly telemetry: EngineTelemetry;
  readonly endpoints: EndpointDirectory;
  readonly lanes: Lanes;
  readonly dispatch: Dispatch;
  readonly refill: Refill;
  readonly tracing: EngineTracing | null;
  /** False: other nodes deliver, and nothing gets a place in memory here. */
  readonly sends: boolean;
  /** A delivery got a place in memory under a lease that ended meanwhile. */
  readonly onLate: (lane: Lane, deliveries: readonly LiveDelivery[]) => void;
};

/** The unit of one call, and what is to be done for it once it is committed. */
type Draft = {
  readonly events: AcceptedEvent[];
  /** Deliveries with a place in memory, in the order of the events. */
  readonly granted: LiveDelivery[];
  /** Per event: where its deliveries end in `granted`. */
  readonly grantedEnds: number[];
  /** Lanes that refused a slot: the store will have due rows of theirs. */
  readonly refused: Set<Lane>;
  readonly lease: Incarnation;
  deliveries: number;
  bytes: number;
  /** A lane could not even be opened. */
  laneless: boolean;
};

/** Takes events in: matches, asks lanes for slots, commits, hands over. Accepting ends for good with `stop`. */
export class Accept {
  readonly #tools: AcceptTools;
  #accepting = true;
  readonly #commits = new Set<Promise<unknown>>();
  #underway = 0;
  #onIdle: (() => void) | null = null;

  constructor(tools: AcceptTools) {
    this.#tools = tools;
  }

  async run(
    organizationId: OrganizationId,
    events: readonly IncomingEvent[],
    idempotency: ((events: readonly AcceptedReference[]) => IdempotencyRow) | null,
  ): Promise<AcceptOutcome> {
    if (!this.#accepting) return this.#refuse('stopping');
    const startedAt = this.#tools.clock.monotonic();
    const payloadBytes = payloadBytesOf(events);
    // Not even without deliveries: then nothing is read for it.
    if (this.#admission(events, 0, payloadBytes) !== 'now') return this.#refuse('queue_full');
    this.#underway += 1;
    try {
      for (let matches = 0; matches < MATCHES_MAX; matches += 1) {
        let view = this.#tools.endpoints.view(organizationId);
        // What was loaded is looked up again: only what is known now has the states that lanes work with.
        while (view instanceof Promise) {
          await view;
          view = this.#tools.endpoints.view(organizationId);
        }
        // Decided before anything is made: what a large batch to many endpoints takes is known from counting alone.
        const deliveries = countDeliveries(events, view);
        const admitted = this.#admission(events, deliveries, payloadBytes);
        if (admitted === 'never') {
          this.#tools.telemetry.acceptRefused('too_many_deliveries');
          return { kind: 'too_many_deliveries', deliveries, max: DELIVERIES_PER_REQUEST_MAX };
        }
        if (admitted === 'later') return this.#refuse('queue_full');
        const { version } = view;
        const draft = this.#draft(organizationId, events, view);
        const commit = this.#commit(draft, version, idempotency, startedAt);
        this.#commits.add(commit);
        const outcome = await commit.finally(() => this.#commits.delete(commit));
        if (outcome !== null) return outcome;
        await this.#tools.store.currency.renew();
        this.#tools.endpoints.forgetView(organizationId, version);
      }
      return this.#refuse('endpoints_changed');
    } catch (error) {
      if (error instanceof StoreUnavailable) return this.#refuse(error.reason);
      throw error;
    } finally {
      this.#underway -= 1;
      if (this.#underway === 0) this.#onIdle?.();
    }
  }

  /** Waits until what is being committed now is handed over, or was refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#commits);
  }

  /** Refuses from now on and waits for what is under way. */
  async stop(): Promise<void> {
    this.#accepting = false;
    if (this.#underway > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #admission(events: readonly IncomingEvent[], deliveries: number, payloadBytes: number): ReturnType<typeof admission> {
    return admission({ events: events.length, deliveries, payloadBytes }, this.#tools.store.room);
  }

  #refuse(reason: string): AcceptOutcome {
    this.#tools.telemetry.acceptRefused(reason);
    const isStore = reason === 'commit_failed' || reason === 'disk_low';
    return isStore
      ? { kind: 'store_unavailable', retryAfterSeconds: STORE_RETRY_AFTER_SECONDS }
      : { kind: 'overloaded', retryAfterSeconds: RETRY_AFTER_SECONDS };
  }

  #draft(organizationId: OrganizationId, incoming: readonly IncomingEvent[], view: OrganizationView): Draft {
    const { clock, ids } = this.#tools;
    const createdAt = clock.now();
    const draft: Draft = {
      events: [],
      granted: [],
      grantedEnds: [],
      refused: new Set(),
      lease: this.#tools.store.incarnation,
      deliveries: 0,
      bytes: 0,
      laneless: false,
    };
    for (const each of incoming) {
      const key = ids.next('evt');
      const event: Event = {
        key,
        id: each.id ?? key,
        organizationId,
        type: each.type,
        payload: each.payload,
        contentType: each.contentType,
        occurredAt: each.occurredAt ?? createdAt,
        createdAt,
      };
      const deliveries = this.#fanOut(draft, event, view);
      draft.events.push({ event, fingerprint: each.id === null ? null : fingerprintOf(each), deliveries });
      draft.grantedEnds.push(draft.granted.length);
      draft.deliveries += deliveries.length;
      draft.bytes += each.payload.length;
    }
    return draft;
  }

  #fanOut(draft: Draft, event: Event, view: OrganizationView): AcceptedDelivery[] {
    const { ids, lanes, sends } = this.#tools;
    const { createdAt } = event;
    const { lease } = draft;
    const bytes = bytesInMemory(event.payload.length);
    const deliveries: AcceptedDelivery[] = [];
    /** One for all its deliveries. */
    let sent: SentEvent | null = null;
    for (const state of view.match(event.type)) {
      const id = ids.next('dlv');
      let leased = false;
      // A suspended endpoint's deliveries wait in the store until it resumes.
      if (sends && state.isActive) {
        const lane = lanes.of(state, event.createdAt);
        if (lane === null) draft.laneless = true;
        else if (lanes.takeSlot(lane, bytes)) {
          leased = true;
          sent ??= eventFor(event);
          draft.granted.push({ id, lane, lease, event: sent, createdAt, dueAt: createdAt, attemptCount: 0, bytes });
        } else draft.refused.add(lane);
      }
      deliveries.push({ id, endpointId: state.id, leased });
    }
    return deliveries;
  }

  /** Null when the organization's endpoints are others by now. */
  async #commit(
    draft: Draft,
    endpointsVersion: number | null,
    idempotency: ((events: readonly AcceptedReference[]) => IdempotencyRow) | null,
    startedAt: number,
  ): Promise<AcceptOutcome | null> {
    const { tracing, clock } = this.#tools;
    const submittedAt = tracing === null ? 0 : clock.monotonic();
    let result: AcceptResult;
    try {
      const row = idempotency === null ? null : idempotency(draft.events.map(({ event }) => event));
      result = await this.#tools.store.accept({ events: draft.events, idempotency: row, endpointsVersion });
    } catch (error) {
      this.#giveBack(draft.granted);
      throw error;
    }
    if (result.kind !== 'accepted') {
      this.#giveBack(draft.granted);
      return result.kind === 'endpoints_changed' ? null : result;
    }
    this.#handOver(draft, result.outcomes);
    if (tracing !== null) tracing.accepted(draft.events, result.outcomes, submittedAt);
    this.#tools.telemetry.eventsAccepted(draft.events.length, draft.bytes, clock.monotonic() - startedAt);
    return {
      kind: 'accepted',
      events: draft.events.map(({ event }, index) => {
        const outcome = result.outcomes[index];
        return outcome?.kind === 'duplicate'
          ? { id: event.id, key: outcome.key, createdAt: outcome.createdAt, duplicate: true }
          : { id: event.id, key: event.key, createdAt: event.createdAt, duplicate: false };
      }),
    };
  }

  /** After the commit: what got a slot goes out, lanes that refused one fall behind. */
  #handOver(draft: Draft, outcomes: Extract<AcceptResult, { kind: 'accepted' }>['outcomes']): void {
    const { dispatch, refill, lanes, clock, telemetry, store } = this.#tools;
    const now = clock.now();
    const isLate = draft.lease !== store.incarnation;
    let from = 0;
    for (const [index, end] of draft.grantedEnds.entries()) {
      const isDuplicate = outcomes[index]?.kind === 'duplicate';
      for (let at = from; at < end; at += 1) {
        const live = draft.granted[at];
        if (live === undefined) continue;
        if (isDuplicate) this.#giveBack([live]);
        // Nobody can tell under which it was stored. Under the old one, others give it back, and this finds nothing.
        else if (isLate) this.#tools.onLate(live.lane, [{ ...live, lease: store.incarnation }]);
        else dispatch.add(live);
      }
      from = end;
    }
    for (const { deliveries } of draft.events) telemetry.eventFannedOut(deliveries.length);
    if (draft.deliveries > 0) telemetry.deliveriesCreated(draft.deliveries, draft.granted.length);
    for (const lane of draft.refused) {
      // It may have been closed during the commit; then the endpoint stands in the store's index.
      if (lanes.peek(lane.state.id) !== lane) refill.wakeAt(now);
      else if (lane.state.isActive) refill.fallBehind(lane, now);
    }
    if (draft.laneless) refill.wakeAt(now);
    if (draft.refused.size > 0) refill.pump();
    dispatch.pump();
  }

  #giveBack(granted: readonly LiveDelivery[]): void {
    const { lanes, refill } = this.#tools;
    for (const { lane, bytes } of granted) {
      lanes.giveBack(lane, 1, bytes);
      // It may have fallen behind while these kept it from claiming.
      refill.offer(lane);
    }
    refill.pump();
  }
}
