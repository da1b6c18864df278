import { Type } from 'typebox';
import {
  CURSOR_LENGTH_MAX,
  type DialectRoute,
  decodeCursor,
  encodeCursor,
  invalid,
  keyRoute,
  nullable,
  parseTime,
  perform,
  pruneEvents,
  STRICT,
  showTime,
  Time,
} from '../public.ts';
import { reply } from './route-parts.ts';

const PruneBody = Type.Object(
  {
    before: Type.Optional(
      Type.String({ description: 'Events accepted earlier, at least a day ago; unless given, what is past retention' }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only counts' })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: CURSOR_LENGTH_MAX })),
  },
  STRICT,
);
const PruneSchema = Type.Object(
  {
    before: Time,
    removed: Type.Object(
      { events: Type.Integer(), deliveries: Type.Integer(), attempts: Type.Integer() },
      { ...STRICT, description: 'By this step; what a dry run would remove' },
    ),
    nextCursor: nullable(Type.String()),
  },
  STRICT,
);

/** The time up to which the run works, and where it stands. */
const PLACE = /^([0-9]{1,16}):([0-9a-f-]{1,64})$/;

const pruneRoute: DialectRoute = keyRoute({
  method: 'POST',
  path: '/maintenance/prune',
  operationId: 'pruneEvents',
  summary: 'Remove old events of all organizations now',
  description:
    'With their deliveries and attempts; never an event that is still owed, nor one whose id cannot be used again yet. A bounded step: when `nextCursor` is not null, call again with the same body and this cursor.',
  tag: 'operator',
  scopes: pruneEvents.scopes,
  idempotent: pruneEvents.idempotent,
  request: { body: PruneBody, optionalBody: true },
  responses: { 200: PruneSchema },
  async handle(context, { body }) {
    const { dryRun = false } = body;
    const before = body.before === undefined ? null : parseTime(body.before);
    if (body.before !== undefined && before === null) {
      return invalid('/before', 'must be a date-time such as "2026-01-31T12:00:00Z"', 'wrong_format');
    }
    const list = JSON.stringify([context.operationId, before, dryRun]);
    const place = body.cursor === undefined ? null : placeOf(decodeCursor(list, body.cursor));
    if (body.cursor !== undefined && place === null) {
      return invalid('/cursor', 'is not a cursor of this run', 'invalid_cursor');
    }
    return reply(await perform(context, pruneEvents, { before, dryRun, next: place }), 200, ({ removed, ...step }) => ({
      before: showTime(step.before),
      removed,
      nextCursor: step.next === null ? null : encodeCursor(list, `${step.next.before}:${step.next.after}`),
    }));
  },
});

function placeOf(text: string | null): { before: number; after: string } | null {
  const [, before, after] = PLACE.exec(text ?? '') ?? [];
  return before === undefined || after === undefined ? null : { before: Number(before), after };
}

export const maintenanceRoutes: readonly DialectRoute[] = [pruneRoute];
