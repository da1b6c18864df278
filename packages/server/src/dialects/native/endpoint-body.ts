import { type Static, Type } from 'typebox';
import { type EndpointSettings, nullable, STRICT, words } from '../public.ts';
import { HIDDEN_VALUE } from './encode-endpoint.ts';

export const RotationPolicyPatch = Type.Optional(
  Type.Object(
    {},
    {
      additionalProperties: true,
      description:
        'The knobs to change; the others stay. It takes `organization:admin`, and `operator` where it is or becomes `enforced`',
    },
  ),
);

const SETTINGS = {
  eventTypes: Type.Optional(nullable(Type.Array(Type.String(), { description: 'Absent or null: all' }))),
  description: Type.Optional(Type.String()),
  headers: Type.Optional(nullable(Type.Record(Type.String(), nullable(Type.String())))),
  metadata: Type.Optional(nullable(Type.Record(Type.String(), nullable(Type.String())))),
  retrySchedule: Type.Optional(nullable(Type.Array(Type.Number(), { description: 'Seconds before each retry' }))),
  sendDeadlineSeconds: Type.Optional(nullable(Type.Number())),
  concurrency: Type.Optional(nullable(Type.Integer())),
  ratePerSecond: Type.Optional(nullable(Type.Number())),
  signatureProfile: Type.Optional(Type.Object({}, { additionalProperties: true })),
  envelope: Type.Optional(nullable(Type.Object({}, { additionalProperties: true }))),
  rotationPolicy: RotationPolicyPatch,
  catalogue: Type.Optional(
    nullable(Type.Array(Type.String(), { description: 'Event types that exist for the endpoint; null: any' })),
  ),
};

export const CreateEndpointBody = Type.Object(
  {
    url: Type.String(),
    ...SETTINGS,
    keyring: Type.Optional(words(['own', 'organization'])),
    algorithm: Type.Optional(words(['hmac-sha256', 'ed25519'])),
  },
  { $id: 'NewEndpoint', ...STRICT },
);

export const PatchEndpointBody = Type.Object(
  {
    url: Type.Optional(Type.String()),
    ...SETTINGS,
    status: Type.Optional(words(['active', 'suspended', 'archived'])),
  },
  { $id: 'EndpointPatch', ...STRICT },
);

type Settings = Omit<Static<typeof PatchEndpointBody>, 'status'>;

/** A header whose value was read as hidden stays as it is. */
export function settingsOf<S extends Settings>(body: S): S & EndpointSettings {
  const { headers } = body;
  if (headers === undefined || headers === null) return body;
  const said = Object.entries(headers).filter(([, value]) => value !== HIDDEN_VALUE);
  return { ...body, headers: Object.fromEntries(said) };
}
