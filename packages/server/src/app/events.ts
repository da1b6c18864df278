import { isEventType } from '../domain/event-type.ts';
import { BATCH_EVENTS_MAX, CLIENT_EVENT_ID_LENGTH_MAX, PAYLOAD_BYTES_MAX } from '../domain/limits.ts';
import type { AcceptedReference, AcceptOutcome, IncomingEvent } from '../engine/engine.ts';
import type { Page, PageRequest, StoredEvent } from '../store/port.ts';
import { type Caller, type IdempotencyRequest, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { ALREADY_DONE, idempotent } from './idempotency.ts';
import { done, type Outcome, type Refusal, refused, replayed } from './outcome.ts';

export type SentEvent = { readonly id: string; readonly createdAt: number; readonly duplicate: boolean };

type SentReference = { readonly events: readonly AcceptedReference[] };

const CLIENT_ID = new RegExp(`^[A-Za-z0-9_-]{1,${CLIENT_EVENT_ID_LENGTH_MAX}}$`);

/**
 * Accepts events: all of them or none. When it answers, they are committed together with their deliveries.
 * `pointer` says where event number `index` stands in the request, for errors.
 */
export async function sendEvents(
  app: AppContext,
  caller: Caller,
  events: readonly IncomingEvent[],
  pointer: (index: number) => string,
  request: IdempotencyRequest | null,
): Promise<Outcome<readonly SentEvent[]>> {
  const refusal = missingScope(caller, 'events:write') ?? checkEvents(events, pointer);
  if (refusal !== null) return refusal;
  if (request === null) {
    const outcome = await app.engine.accept(caller.organizationId, events, null);
    const answer = told(app, caller, outcome, pointer);
    if (answer === ALREADY_DONE) throw new Error('an accept without an idempotency key met an idempotency row');
    return answer;
  }
  return await idempotent<readonly SentEvent[], SentReference>(app, caller, request, {
    perform: async (row) => {
      const refer = row === null ? null : (sent: readonly AcceptedReference[]) => row({ events: sent.map(referTo) });
      return told(app, caller, await app.engine.accept(caller.organizationId, events, refer), pointer);
    },
    replay: async ({ events: sent }) => {
      const again: SentEvent[] = [];
      for (const { id, createdAt } of sent) {
        // An event that had been accepted before, by its own id, was answered with its first time.
        const found = await app.store.reader.event(caller.organizationId, id);
        again.push({ id, createdAt: found?.createdAt ?? createdAt, duplicate: false });
      }
      return replayed(again);
    },
  });
}

function referTo({ id, createdAt }: AcceptedReference): AcceptedReference {
  return { id, createdAt };
}

function told(
  app: AppContext,
  caller: Caller,
  outcome: AcceptOutcome,
  pointer: (index: number) => string,
): Outcome<readonly SentEvent[]> | typeof ALREADY_DONE {
  switch (outcome.kind) {
    case 'accepted':
      app.telemetry.eventsSent(caller, outcome.events);
      return done(outcome.events);
    case 'event_id_conflict': {
      const detail = 'an event with this id and other content was accepted before';
      return refused('event_id_conflict', detail, {
        errors: [{ pointer: `${pointer(outcome.index)}/id`, detail, code: 'event_id_conflict' }],
      });
    }
    case 'idempotency_conflict':
      return ALREADY_DONE;
    case 'too_many_deliveries':
      return refused(
        'payload_too_large',
        `the events go to so many endpoints that they make over ${outcome.max} deliveries; send fewer events at once`,
      );
    case 'overloaded':
    case 'store_unavailable':
      return refused(outcome.kind, 'nothing was stored; send the event again after the time in Retry-After', {
        retryAfterSeconds: outcome.retryAfterSeconds,
      });
  }
}

function checkEvents(events: readonly IncomingEvent[], pointer: (index: number) => string): Refusal | null {
  const errors: { pointer: string; detail: string; code: string }[] = [];
  if (events.length === 0) errors.push({ pointer: '/events', detail: 'must hold at least one event', code: 'too_few' });
  if (events.length > BATCH_EVENTS_MAX) {
    errors.push({ pointer: '/events', detail: `must hold at most ${BATCH_EVENTS_MAX} events`, code: 'too_many' });
  }
  const seen = events.length > 1 ? new Set<string>() : null;
  for (const [index, event] of events.entries()) {
    if (event.payload.length > PAYLOAD_BYTES_MAX) {
      const at = `${pointer(index)}/payload`;
      const detail = `is over ${PAYLOAD_BYTES_MAX} bytes`;
      return refused('payload_too_large', `the payload at ${at} ${detail}`, {
        errors: [{ pointer: at, detail, code: 'payload_too_large' }],
      });
    }
    if (!isEventType(event.type)) {
      const detail = 'must be identifiers of letters, digits, "_" and "-", joined by dots, such as "invoice.paid"';
      errors.push({ pointer: `${pointer(index)}/type`, detail, code: 'invalid_event_type' });
    }
    if (event.id === null) continue;
    if (!CLIENT_ID.test(event.id)) {
      const detail = `must be 1 to ${CLIENT_EVENT_ID_LENGTH_MAX} letters, digits, "_" or "-"`;
      errors.push({ pointer: `${pointer(index)}/id`, detail, code: 'invalid_event_id' });
    } else if (seen?.has(event.id)) {
      errors.push({
        pointer: `${pointer(index)}/id`,
        detail: 'repeats the id of an earlier event of this batch',
        code: 'repeated',
      });
    }
    seen?.add(event.id);
  }
  if (errors.length === 0) return null;
  return refused('validation_failed', errors[0]?.detail ?? 'invalid', { errors });
}

export async function readEvent(app: AppContext, caller: Caller, id: string): Promise<Outcome<StoredEvent>> {
  const refusal = missingScope(caller, 'events:read');
  if (refusal !== null) return refusal;
  const event = await app.store.reader.event(caller.organizationId, id);
  return event === null ? refused('not_found', 'no such event') : done(event);
}

export async function listEvents(
  app: AppContext,
  caller: Caller,
  page: PageRequest,
): Promise<Outcome<Page<StoredEvent>>> {
  const refusal = missingScope(caller, 'events:read');
  if (refusal !== null) return refusal;
  return done(await app.store.reader.events(caller.organizationId, page));
}
