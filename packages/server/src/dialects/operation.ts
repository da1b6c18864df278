import type { Caller, IdempotencyRequest } from '../app/caller.ts';
import type { AppContext } from '../app/context.ts';
import type { Outcome } from '../app/outcome.ts';
import type { Scope } from '../domain/scope.ts';
import type { RouteContext } from '../http/route.ts';
import { type Conduct, type DialectServices, INSIDE } from './conduct.ts';

/** What an operation is run with: the service, who asks, and how the dialect wants it. */
export type OperationTools = {
  readonly app: AppContext;
  readonly caller: Caller;
  readonly idempotency: IdempotencyRequest | null;
  readonly conduct: Conduct;
};

const RUN: unique symbol = Symbol('run');

/** Something that the service does, as a value: what a route of a dialect is made of. */
export type Operation<I, O> = {
  readonly name: string;
  /** All of them are needed. */
  readonly scopes: readonly Scope[];
  /** A POST of it takes an Idempotency-Key. */
  readonly idempotent: boolean;
  readonly [RUN]: (tools: OperationTools, input: I) => Promise<Outcome<O>>;
};

export function operation<I, O>(definition: {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly idempotent?: boolean;
  readonly run: (tools: OperationTools, input: I) => Promise<Outcome<O>>;
}): Operation<I, O> {
  const { name, scopes, idempotent = false, run } = definition;
  return { name, scopes, idempotent, [RUN]: run };
}

/** Does it, for the caller of a request. The operation's own promise is handed on: each step more is paid per event. */
export function perform<I, O>(
  context: RouteContext<DialectServices>,
  { name, [RUN]: run }: Operation<I, O>,
  input: I,
): Promise<Outcome<O>> {
  const { caller } = context;
  const { app, conduct } = context.services[INSIDE];
  const idempotency = context.idempotency === null ? null : ownIdempotency(context, context.idempotency, name);
  return run({ app, caller, idempotency, conduct }, input);
}

/** How many operations a request with an Idempotency-Key has begun. */
const performed = new WeakMap<RouteContext<DialectServices>, number>();

/** A handler may perform several operations under one key: each has a row of its own, in the order of the calls. */
function ownIdempotency(
  context: RouteContext<DialectServices>,
  request: IdempotencyRequest,
  name: string,
): IdempotencyRequest {
  const count = (performed.get(context) ?? 0) + 1;
  performed.set(context, count);
  return count === 1 ? request : { ...request, route: `${request.route} #${count} ${name}` };
}
