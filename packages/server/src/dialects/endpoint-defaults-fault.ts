import { validateProfile } from '@hookring/signing';
import type { EndpointDefaults } from '../app/create-endpoint.ts';
import { validateEnvelope } from '../domain/envelope.ts';
import { isEventType } from '../domain/event-type.ts';
import { CATALOGUE_TYPES_MAX } from '../domain/limits.ts';
import { validateRetrySchedule } from '../domain/retry-schedule.ts';
import { NATIVE_ROTATION_POLICY, type RotationPolicy } from '../domain/rotation-policy.ts';
import { validateRotationPolicy } from '../domain/rotation-policy-input.ts';
import type { Dialect } from './dialect.ts';

const SPELLINGS: readonly unknown[] = [
  'whsec',
  'base64',
  'hex',
] satisfies readonly EndpointDefaults['secretSpelling'][];

/** What is wrong with what a dialect gives its endpoints and rings, or null: nobody checks it again before it is stored. */
export function endpointDefaultsFault({
  endpointDefaults,
  organizationKeyring,
}: Pick<Dialect, 'endpointDefaults' | 'organizationKeyring'>): string | null {
  const { signatureProfile, envelope, retrySchedule, rotationPolicy, catalogue, secretSpelling } = endpointDefaults;
  return (
    profileFault(signatureProfile) ??
    envelopeFault(envelope) ??
    scheduleFault(retrySchedule) ??
    ringFault('endpointDefaults', rotationPolicy, secretSpelling) ??
    catalogueFault(catalogue) ??
    (organizationKeyring === null
      ? null
      : ringFault('organizationKeyring', organizationKeyring.rotationPolicy, organizationKeyring.secretSpelling))
  );
}

function profileFault(profile: unknown): string | null {
  const checked = validateProfile(profile);
  return checked.ok ? null : saidOf('signatureProfile', checked.problems[0]);
}

function envelopeFault(envelope: unknown): string | null {
  const checked = envelope === null ? null : validateEnvelope(envelope);
  return checked === null || checked.ok ? null : saidOf('envelope', checked.issues[0]);
}

function scheduleFault(schedule: unknown): string | null {
  if (schedule === null) return null;
  const isList = Array.isArray(schedule) && schedule.every((delay) => typeof delay === 'number');
  if (!isList) return 'its retrySchedule must be null or a list of numbers';
  const checked = validateRetrySchedule(schedule);
  return checked.kind === 'valid' ? null : `its retrySchedule ${checked.detail}`;
}

function ringFault(of: string, policy: unknown, spelling: unknown): string | null {
  const checked = validateRotationPolicy(policy);
  if (checked.kind === 'invalid') return saidOf(`${of}.rotationPolicy`, checked.errors[0]);
  const missing = missingKnob(policy as Partial<RotationPolicy>); // All that it has was just checked.
  if (missing !== null) return `its ${of}.rotationPolicy leaves out ${missing}`;
  return SPELLINGS.includes(spelling) ? null : `its ${of}.secretSpelling must be one of ${SPELLINGS.join(', ')}`;
}

/** What comes from outside may leave knobs out; what is copied onto endpoints may not. */
function missingKnob(policy: Partial<RotationPolicy>): string | null {
  const knobs = Object.keys(NATIVE_ROTATION_POLICY).filter((name) => !(name in policy));
  const grace = Object.keys(NATIVE_ROTATION_POLICY.grace).filter((name) => !(name in (policy.grace ?? {})));
  return knobs[0] ?? (grace[0] === undefined ? null : `grace.${grace[0]}`);
}

function catalogueFault(catalogue: unknown): string | null {
  if (catalogue === null) return null;
  if (!Array.isArray(catalogue) || catalogue.length === 0 || catalogue.length > CATALOGUE_TYPES_MAX) {
    return `its catalogue must be null or a list of 1 to ${CATALOGUE_TYPES_MAX} event types`;
  }
  const odd: unknown = catalogue.find((type) => typeof type !== 'string' || !isEventType(type));
  return odd === undefined ? null : `its catalogue has ${JSON.stringify(odd)}, which is no event type`;
}

function saidOf(what: string, first: { readonly pointer: string; readonly detail: string } | undefined): string {
  return first === undefined ? `its ${what} is wrong` : `its ${what}${first.pointer} ${first.detail}`;
}
