import { type SignatureProfile, validateProfile } from '@hookring/signing';
import type { Endpoint, StaticHeader } from '../domain/endpoint.ts';
import { checkEndpointUrl } from '../domain/endpoint-url.ts';
import { type Envelope, validateEnvelope } from '../domain/envelope.ts';
import { isEventType, isSubscription } from '../domain/event-type.ts';
import { fieldSentence } from '../domain/field-path.ts';
import {
  CATALOGUE_TYPES_MAX,
  DESCRIPTION_LENGTH_MAX,
  EVENT_TYPES_PER_ENDPOINT_MAX,
  LANE_CONCURRENCY_MAX,
  METADATA_ENTRIES_MAX,
  METADATA_KEY_LENGTH_MAX,
  METADATA_VALUE_LENGTH_MAX,
  RATE_PER_SECOND_MAX,
  RETRIES_MAX,
  RETRY_DELAY_SECONDS_MAX,
  SEND_DEADLINE_SECONDS_MAX,
  SEND_DEADLINE_SECONDS_MIN,
} from '../domain/limits.ts';
import { headerSealId, staticHeaderProblems } from '../domain/static-header.ts';
import type { Caller } from './caller.ts';
import type { AppContext } from './context.ts';
import { type Outcome, refused } from './outcome.ts';
import { changePolicy } from './policy-change.ts';

/** What a caller may say of an endpoint; an absent member says nothing. */
export type EndpointSettings = {
  readonly url?: string;
  readonly eventTypes?: readonly string[] | null;
  readonly description?: string;
  /** Merged by name; null removes one, or all. */
  readonly headers?: Readonly<Record<string, string | null>> | null;
  readonly metadata?: Readonly<Record<string, string | null>> | null;
  readonly retrySchedule?: readonly number[] | null;
  readonly sendDeadlineSeconds?: number | null;
  readonly concurrency?: number | null;
  readonly ratePerSecond?: number | null;
  readonly signatureProfile?: unknown;
  readonly envelope?: unknown;
  /** The knobs to change; see `RotationPolicy`. */
  readonly rotationPolicy?: unknown;
  /** Event types that exist for the endpoint; null: any. */
  readonly catalogue?: readonly string[] | null;
  /** What a dialect keeps beside it, under names of its own; merged by name, null removes one. */
  readonly extra?: Readonly<Record<string, string | null>>;
};

type Problem = { readonly pointer: string; readonly detail: string; readonly code: string };

/** What was said, applied; who may say it is checked where that depends on what it is. */
export function changeSettings(
  app: AppContext,
  caller: Caller,
  endpoint: Endpoint,
  settings: EndpointSettings,
): Outcome<Endpoint> {
  const policy = changePolicy(caller, endpoint.rotationPolicy, settings.rotationPolicy);
  return policy.ok ? applySettings(app, { ...endpoint, rotationPolicy: policy.value }, settings) : policy;
}

/** Applies what was said to an endpoint, or names everything that is wrong with it at once. */
function applySettings(app: AppContext, endpoint: Endpoint, settings: EndpointSettings): Outcome<Endpoint> {
  const problems: Problem[] = [];
  const signatureProfile = readProfile(settings.signatureProfile, endpoint.signatureProfile, problems);
  const next: Endpoint = {
    ...endpoint,
    url: readUrl(app, settings.url, endpoint.url, problems),
    eventTypes: readEventTypes(settings.eventTypes, endpoint, problems),
    description: readDescription(settings.description, endpoint.description, problems),
    headers: mergeHeaders(app, endpoint, settings.headers, signatureProfile, problems),
    metadata: mergeTexts('metadata', endpoint.metadata, settings.metadata, problems),
    retrySchedule: readSchedule(settings.retrySchedule, endpoint.retrySchedule, problems),
    sendDeadlineSeconds: readNumber(
      'sendDeadlineSeconds',
      settings,
      endpoint,
      [SEND_DEADLINE_SECONDS_MIN, SEND_DEADLINE_SECONDS_MAX],
      problems,
    ),
    concurrency: readNumber('concurrency', settings, endpoint, [1, LANE_CONCURRENCY_MAX], problems),
    ratePerSecond: readNumber('ratePerSecond', settings, endpoint, [1, RATE_PER_SECOND_MAX], problems),
    signatureProfile,
    envelope: readEnvelope(settings.envelope, endpoint.envelope, problems),
    catalogue: readCatalogue(settings.catalogue, endpoint.catalogue, problems),
    extra: mergeTexts('extra', endpoint.extra, settings.extra, problems),
  };
  const [first] = problems;
  if (first !== undefined)
    return refused('validation_failed', fieldSentence(first.pointer, first.detail), { errors: problems });
  return { ok: true, value: next, replayed: false };
}

function readUrl(app: AppContext, url: string | undefined, current: string, problems: Problem[]): string {
  if (url === undefined) return current;
  const check = checkEndpointUrl(url, app.settings.urlRules);
  if (check.ok) return check.url;
  problems.push({ pointer: '/url', detail: check.detail, code: check.code });
  return current;
}

function readEventTypes(
  types: readonly string[] | null | undefined,
  endpoint: Endpoint,
  problems: Problem[],
): readonly string[] | null {
  if (types === undefined) return endpoint.eventTypes;
  if (types === null) return null;
  if (types.length > EVENT_TYPES_PER_ENDPOINT_MAX) {
    problems.push({
      pointer: '/eventTypes',
      detail: `must name at most ${EVENT_TYPES_PER_ENDPOINT_MAX} types`,
      code: 'too_many',
    });
  }
  for (const [index, type] of types.entries()) {
    if (isSubscription(type)) continue;
    const detail = 'must be an event type such as "invoice.paid", a prefix such as "invoice.*", or "*"';
    problems.push({ pointer: `/eventTypes/${index}`, detail, code: 'invalid_event_type' });
  }
  return [...new Set(types)];
}

function readDescription(description: string | undefined, current: string, problems: Problem[]): string {
  if (description === undefined) return current;
  if (description.length > DESCRIPTION_LENGTH_MAX) {
    problems.push({
      pointer: '/description',
      detail: `must be at most ${DESCRIPTION_LENGTH_MAX} characters`,
      code: 'too_long',
    });
  }
  return description;
}

function mergeHeaders(
  app: AppContext,
  endpoint: Endpoint,
  patch: EndpointSettings['headers'],
  profile: SignatureProfile,
  problems: Problem[],
): readonly StaticHeader[] {
  const written = Object.values(profile.headers).flatMap((name) => (name === null ? [] : [name.toLowerCase()]));
  if (patch === undefined || patch === null) {
    const kept = patch === null ? [] : endpoint.headers;
    // A new profile may claim the name of a header that stands already.
    for (const { name } of kept) {
      if (!written.includes(name.toLowerCase())) continue;
      problems.push({
        pointer: `/headers/${name}`,
        detail: 'is written by the signature profile; remove it first',
        code: 'reserved_header',
      });
    }
    return kept;
  }
  const added = Object.fromEntries(
    Object.entries(patch).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
  problems.push(...staticHeaderProblems(added, written));
  const touched = new Set(Object.keys(patch).map((name) => name.toLowerCase()));
  const kept = endpoint.headers.filter(({ name }) => !touched.has(name.toLowerCase()));
  const sealed = Object.entries(added).map(([name, value]) => ({
    name,
    sealed: app.vault.seal(value, endpoint.id, headerSealId(name)),
  }));
  return [...kept, ...sealed];
}

function mergeTexts(
  name: 'metadata' | 'extra',
  current: Readonly<Record<string, string>>,
  patch: EndpointSettings['metadata'],
  problems: Problem[],
): Readonly<Record<string, string>> {
  if (patch === undefined) return current;
  if (patch === null) return {};
  const merged = new Map(Object.entries(current));
  for (const [key, value] of Object.entries(patch)) {
    const tooLong = key.length > METADATA_KEY_LENGTH_MAX || (value?.length ?? 0) > METADATA_VALUE_LENGTH_MAX;
    if (tooLong || key === '') {
      const detail = `keys have 1 to ${METADATA_KEY_LENGTH_MAX} characters, values at most ${METADATA_VALUE_LENGTH_MAX}`;
      problems.push({ pointer: `/${name}/${key.slice(0, METADATA_KEY_LENGTH_MAX)}`, detail, code: 'too_long' });
    }
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > METADATA_ENTRIES_MAX) {
    problems.push({
      pointer: `/${name}`,
      detail: `must hold at most ${METADATA_ENTRIES_MAX} entries`,
      code: 'too_many',
    });
  }
  return Object.fromEntries(merged);
}

function readSchedule(
  schedule: readonly number[] | null | undefined,
  current: readonly number[] | null,
  problems: Problem[],
): readonly number[] | null {
  if (schedule === undefined) return current;
  if (schedule === null) return null;
  if (schedule.length > RETRIES_MAX) {
    problems.push({ pointer: '/retrySchedule', detail: `must hold at most ${RETRIES_MAX} delays`, code: 'too_many' });
  }
  for (const [index, seconds] of schedule.entries()) {
    if (Number.isFinite(seconds) && seconds >= 0 && seconds <= RETRY_DELAY_SECONDS_MAX) continue;
    const detail = `must be 0 to ${RETRY_DELAY_SECONDS_MAX} seconds`;
    problems.push({ pointer: `/retrySchedule/${index}`, detail, code: 'out_of_range' });
  }
  return schedule;
}

function readNumber(
  name: 'sendDeadlineSeconds' | 'concurrency' | 'ratePerSecond',
  settings: EndpointSettings,
  endpoint: Endpoint,
  [min, max]: readonly [number, number],
  problems: Problem[],
): number | null {
  const value = settings[name];
  if (value === undefined) return endpoint[name];
  if (value === null) return null;
  const isWhole = name === 'concurrency' ? Number.isInteger(value) : Number.isFinite(value);
  if (!isWhole || value < min || value > max) {
    problems.push({ pointer: `/${name}`, detail: `must be ${min} to ${max}, or null`, code: 'out_of_range' });
  }
  return value;
}

function readProfile(profile: unknown, current: SignatureProfile, problems: Problem[]): SignatureProfile {
  if (profile === undefined) return current;
  const check = validateProfile(profile);
  if (check.ok) return check.profile;
  for (const { pointer, detail } of check.problems) {
    problems.push({ pointer: `/signatureProfile${pointer}`, detail, code: 'invalid_profile' });
  }
  return current;
}

function readEnvelope(envelope: unknown, current: Envelope | null, problems: Problem[]): Envelope | null {
  if (envelope === undefined) return current;
  if (envelope === null) return null;
  const check = validateEnvelope(envelope);
  if (check.ok) return check.envelope;
  for (const { pointer, detail } of check.issues) {
    problems.push({ pointer: `/envelope${pointer}`, detail, code: 'invalid_envelope' });
  }
  return current;
}

function readCatalogue(
  catalogue: readonly string[] | null | undefined,
  current: readonly string[] | null,
  problems: Problem[],
): readonly string[] | null {
  if (catalogue === undefined) return current;
  if (catalogue === null) return null;
  if (catalogue.length > CATALOGUE_TYPES_MAX) {
    problems.push({
      pointer: '/catalogue',
      detail: `must name at most ${CATALOGUE_TYPES_MAX} types`,
      code: 'too_many',
    });
  }
  for (const [index, type] of catalogue.entries()) {
    if (isEventType(type)) continue;
    const detail = 'must be an event type such as "invoice.paid"';
    problems.push({ pointer: `/catalogue/${index}`, detail, code: 'invalid_event_type' });
  }
  return [...new Set(catalogue)];
}
