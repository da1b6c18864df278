import type { Incarnation } from '../../packages/server/src/store/port.ts';
import type { SimulatedProcess } from '../time/process.ts';
import { type DeliveryModel, Requests } from './delivery-model.ts';
import type { EndpointModel } from './endpoint-model.ts';
import type { Model } from './model.ts';

/** Memory may be trusted for so long from the beginning of a read: nobody acts on what changed before that. */
const TRUST_MS = 700;
/** A prompt receiver's first request leaves within so long while nothing is wrong. */
const WAIT_MS_MAX = 3_000;
/** Whose requests are all out for so long may be one that hangs. */
const QUIET_MS = 1_000;

export type SeenRequest = {
  readonly delivery: DeliveryModel;
  readonly requests: Requests;
  readonly endpoint: EndpointModel;
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly keyIds: string;
  /** The sender's clock. */
  readonly startedAt: number;
};

export type Sending = {
  readonly process: SimulatedProcess;
  readonly incarnation: Incarnation;
  /** The sender's clock. */
  readonly now: number;
  readonly href: string;
  readonly headers: readonly string[];
  /** Its receiver answers at once whenever it is asked, and the node has room enough. */
  readonly isPrompt: boolean;
};

/** A request is about to leave: whether it may, and whether it is what it must be. */
export function beginRequest(model: Model, sending: Sending): SeenRequest {
  const { checks, totals } = model;
  totals.requests += 1;
  const { process, incarnation, now, headers } = sending;
  const endpoint = model.endpointsByUrl.get(sending.href);
  if (endpoint === undefined) throw new Error(`a request to ${sending.href}, which nobody made`);
  const id = headerOf(headers, 'webhook-id');
  const delivery = owedOf(endpoint, id, process, incarnation);
  checks.that('recorded', delivery !== null, () => `event ${id} was sent to ${endpoint.id}, which is not owed`);
  if (delivery === null) throw new Error('unreachable');
  checks.that(
    'leased',
    delivery.lease === incarnation,
    () => `run ${incarnation} sent ${delivery.id}, whose lease is ${delivery.lease}`,
  );
  delivery.requests ??= new Requests();
  const { requests } = delivery;
  const isAlone = requests.flying !== process;
  checks.that('leased', isAlone, () => `${delivery.id} was sent twice at the same time by one process`);
  checkStatus(model, endpoint);
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const keyIds = headerOf(headers, 'webhook-key-ids');
  const signature = headerOf(headers, 'webhook-signature');
  const isNow = Number(timestamp) === Math.floor(now / 1_000);
  checks.that('signed', isNow, () => `${delivery.id} says ${timestamp}, but it is ${now}`);
  checkKeys(model, endpoint, delivery, keyIds, now);
  checkDuplicate(model, delivery.id, requests, process, incarnation);
  if (requests.count === 0) checkWait(model, delivery, process, sending.isPrompt);
  requests.count += 1;
  requests.flying = process;
  return { delivery, requests, endpoint, id, timestamp, signature, keyIds, startedAt: now };
}

/** The process is told what came of it. */
export function endRequest(
  seen: SeenRequest,
  process: SimulatedProcess,
  incarnation: Incarnation,
  status: number | null,
  worldNow: number,
): void {
  const { requests, endpoint } = seen;
  if (requests.flying === process) requests.flying = null;
  requests.unrecorded.push({ by: process, under: incarnation, startedAt: seen.startedAt, keyIds: seen.keyIds, status });
  const is2xx = status !== null && status >= 200 && status < 300;
  if (is2xx) requests.told = { by: process, under: incarnation };
  if (!is2xx) endpoint.answersSince.delete(process);
  else if (!endpoint.answersSince.has(process)) endpoint.answersSince.set(process, worldNow);
}

/** It is known to the network that it takes so long. */
export function expectEnd({ endpoint }: SeenRequest, worldNow: number, afterMs: number): void {
  if (afterMs >= QUIET_MS) endpoint.quietUntil = Math.max(endpoint.quietUntil, worldNow + afterMs);
}

export function headerOf(headers: readonly string[], name: string): string {
  const at = headers.indexOf(name);
  return at < 0 ? '' : (headers[at + 1] ?? '');
}

/** A request does not say of which delivery it is: of several of one event, one that this run holds and has not sent. */
function owedOf(
  endpoint: EndpointModel,
  eventId: string,
  process: SimulatedProcess,
  incarnation: Incarnation,
): DeliveryModel | null {
  const found = endpoint.owed.get(eventId);
  if (found === undefined) return null;
  if (!Array.isArray(found)) return found;
  const held = found.filter(({ lease }) => lease === incarnation);
  const unsent = held.find(
    ({ requests }) => requests?.flying !== process && requests?.unrecorded.some(({ by }) => by === process) !== true,
  );
  return unsent ?? held[0] ?? found[0] ?? null;
}

function checkStatus(model: Model, endpoint: EndpointModel): void {
  const { inactiveSince, row } = endpoint;
  if (inactiveSince === null) return;
  const { isKnownInTime, worldNow } = model.options;
  const isUnknown = isKnownInTime ? worldNow() <= inactiveSince + TRUST_MS : !endpoint.isTold;
  model.checks.that(
    'current',
    isUnknown,
    () => `${endpoint.id} was sent to while it was ${row.status.kind} for ${worldNow() - inactiveSince} ms`,
  );
}

function checkKeys(model: Model, endpoint: EndpointModel, delivery: DeliveryModel, keyIds: string, now: number): void {
  const expected = endpoint.ring.keyIdsAt(now);
  if (keyIds === expected) {
    model.checks.counts.signed += 1;
    return;
  }
  model.checks.that(
    endpoint.ring.isFormer(keyIds, now) ? 'prompt' : 'signed',
    endpoint.ring.mayBeLate(keyIds, now),
    () =>
      `${delivery.id} to ${endpoint.id} was signed by ${keyIds}, not by ${expected} (${now}, ring ${endpoint.ring.version})`,
  );
}

/** Sent again although the receiver took it: something must have kept that from being known. */
function checkDuplicate(
  model: Model,
  id: string,
  requests: Requests,
  process: SimulatedProcess,
  incarnation: Incarnation,
): void {
  if (requests.taken === 0) return;
  const { told, flying } = requests;
  let reason = requests.excuse;
  if (told !== null) reason = reasonOf(told.by, told.by === process && told.under === incarnation, 'knew');
  else if (flying !== null) reason = reasonOf(flying, flying === process, 'had asked');
  model.checks.that('once', reason !== null, () => `${id} was sent again by the process that knew it was taken`);
  model.countDuplicate(reason ?? '');
  // It stays explained, whatever becomes of this request.
  requests.excuse = reason;
  requests.told = null;
}

/** Null: it is the very same. */
function reasonOf(who: SimulatedProcess, isSame: boolean, what: string): string | null {
  if (!who.alive) return `the process that ${what} ended`;
  return isSame ? null : `the process that ${what} had lost its leases`;
}

/** Of those who are known to answer: they do not share what little there is for those who never have. */
function checkWait(model: Model, delivery: DeliveryModel, process: SimulatedProcess, isPrompt: boolean): void {
  const { answersSince, quietUntil, row } = delivery.endpoint;
  const { concurrency, ratePerSecond } = row;
  const knownSince = Math.max(answersSince.get(process) ?? Number.POSITIVE_INFINITY, quietUntil);
  if (delivery.createdAt <= knownSince) return;
  if (!isPrompt || concurrency !== null || ratePerSecond !== null) return;
  if (delivery.isDisturbed || delivery.createdAt < model.calmSince) return;
  const waited = model.options.worldNow() - delivery.createdAt;
  if (waited > model.totals.longestWaitMs) model.totals.longestWaitMs = waited;
  model.checks.that(
    'isolated',
    waited <= WAIT_MS_MAX,
    () => `${delivery.id} to a prompt receiver waited ${waited} ms while nothing was wrong`,
  );
}
