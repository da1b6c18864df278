import { type Static, Type } from 'typebox';
import {
  beginMasterKeyRotation,
  CURSOR_LENGTH_MAX,
  type DialectRoute,
  finishMasterKeyRotation,
  type MasterKeyStatus,
  nullable,
  readMasterKeys,
  resealUnderMasterKey,
  route,
  STRICT,
} from '../public.ts';

const StatusSchema = Type.Object(
  {
    keyIds: Type.Array(Type.String(), { description: 'The first one seals, all of them open' }),
    source: Type.Union([Type.Literal('configured'), Type.Literal('generated')]),
  },
  { $id: 'MasterKeys', ...STRICT },
);

const StepBody = Type.Object(
  { cursor: Type.Optional(Type.String({ minLength: 1, maxLength: CURSOR_LENGTH_MAX })) },
  STRICT,
);
const StepSchema = Type.Object({ resealed: Type.Integer(), nextCursor: nullable(Type.String()) }, STRICT);

const tag = 'operator';

function encodeStatus({ keyIds, source }: MasterKeyStatus): Static<typeof StatusSchema> {
  return { keyIds: [...keyIds], source };
}

/** They belong to the operator, and each can be repeated without harm. */
export const masterKeyRoutes: readonly DialectRoute[] = [
  route({
    method: 'GET',
    path: '/master-key',
    operation: readMasterKeys,
    operationId: 'readMasterKeys',
    summary: 'Which master keys seal and open',
    tag,
    status: 200,
    response: StatusSchema,
    decode: () => null,
    encode: encodeStatus,
  }),
  route({
    method: 'POST',
    path: '/master-key/rotate',
    operation: beginMasterKeyRotation,
    operationId: 'beginMasterKeyRotation',
    summary: 'Begin a change of master key',
    description: 'A generated key file gets a new first key. Then call reseal until its cursor is null, then finish.',
    tag,
    status: 200,
    response: StatusSchema,
    decode: () => null,
    encode: encodeStatus,
  }),
  route({
    method: 'POST',
    path: '/master-key/reseal',
    operation: resealUnderMasterKey,
    operationId: 'resealUnderMasterKey',
    summary: 'Seal a bounded number of texts under the first master key',
    tag,
    request: { body: StepBody, optionalBody: true },
    status: 200,
    response: StepSchema,
    decode: ({ body: { cursor = null } }) => ({ cursor }),
    encode: (step) => step,
  }),
  route({
    method: 'POST',
    path: '/master-key/finish',
    operation: finishMasterKeyRotation,
    operationId: 'finishMasterKeyRotation',
    summary: 'Drop the older keys of a generated key file',
    description: 'Refused while anything is still sealed under one of them.',
    tag,
    status: 200,
    response: StatusSchema,
    decode: () => null,
    encode: encodeStatus,
  }),
];
