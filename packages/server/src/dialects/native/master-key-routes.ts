import { type Static, Type } from 'typebox';
import {
  beginMasterKeyRotation,
  finishMasterKeyRotation,
  type MasterKeyStatus,
  masterKeyStatus,
  resealStep,
} from '../../app/master-keys.ts';
import { CURSOR_LENGTH_MAX } from '../../domain/limits.ts';
import { type DialectRoute, keyRoute } from '../define-dialect.ts';
import { reply } from './route-parts.ts';
import { nullable, STRICT } from './schema-parts.ts';

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

function encodeStatus({ keyIds, source }: MasterKeyStatus): Static<typeof StatusSchema> {
  return { keyIds: [...keyIds], source };
}

/** What every one of them shares: they belong to the operator, and each can be repeated without harm. */
const OPERATORS = { tag: 'operator', scopes: ['operator'], idempotent: true } as const;

const statusRoute = keyRoute({
  ...OPERATORS,
  idempotent: false,
  method: 'GET',
  path: '/master-key',
  operationId: 'readMasterKeys',
  summary: 'Which master keys seal and open',
  request: {},
  responses: { 200: StatusSchema },
  handle: async ({ services, caller }) => reply(await masterKeyStatus(services, caller), 200, encodeStatus),
});

const rotateRoute = keyRoute({
  ...OPERATORS,
  method: 'POST',
  path: '/master-key/rotate',
  operationId: 'beginMasterKeyRotation',
  summary: 'Begin a change of master key',
  description: 'A generated key file gets a new first key. Then call reseal until its cursor is null, then finish.',
  request: {},
  responses: { 200: StatusSchema },
  handle: async ({ services, caller, idempotency }) =>
    reply(await beginMasterKeyRotation(services, caller, idempotency), 200, encodeStatus),
});

const resealRoute = keyRoute({
  ...OPERATORS,
  method: 'POST',
  path: '/master-key/reseal',
  operationId: 'resealUnderMasterKey',
  summary: 'Seal a bounded number of texts under the first master key',
  request: { body: StepBody, optionalBody: true },
  responses: { 200: StepSchema },
  handle: async ({ services, caller, idempotency }, { body }) =>
    reply(await resealStep(services, caller, body.cursor ?? null, idempotency), 200, (step) => step),
});

const finishRoute = keyRoute({
  ...OPERATORS,
  method: 'POST',
  path: '/master-key/finish',
  operationId: 'finishMasterKeyRotation',
  summary: 'Drop the older keys of a generated key file',
  description: 'Refused while anything is still sealed under one of them.',
  request: {},
  responses: { 200: StatusSchema },
  handle: async ({ services, caller, idempotency }) =>
    reply(await finishMasterKeyRotation(services, caller, idempotency), 200, encodeStatus),
});

export const masterKeyRoutes: readonly DialectRoute[] = [statusRoute, rotateRoute, resealRoute, finishRoute];
