import type { IncomingHttpHeaders } from 'node:http';
import type { Static, TObject, TSchema } from 'typebox';
import type { Caller, IdempotencyRequest } from '../app/caller.ts';
import type { Problem } from '../domain/error-registry.ts';
import type { Scope } from '../domain/scope.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a request must look like. Absent parts take nothing: an unknown query parameter or a body is refused. */
export type RouteRequest = {
  readonly params?: TObject;
  /** Strings, integers, booleans and arrays of strings; integers are parsed strictly. */
  readonly query?: TObject;
  /** Lower-case names; for headers that the route reads itself. */
  readonly headers?: TObject;
  /** `raw`: the handler decodes the bytes itself. */
  readonly body?: TSchema | 'raw';
  /** What JSON a raw body may be, for the OpenAPI document. */
  readonly documentedBody?: TSchema;
  /** An empty body counts as `{}`. */
  readonly optionalBody?: boolean;
  /** Media types of a JSON body; `application/json` unless named. Those of a raw body are for the document alone. */
  readonly contentTypes?: readonly string[];
  readonly bodyBytesMax?: number;
};

export type RawBody = {
  readonly bytes: Uint8Array;
  /** The header as it was sent; null when there was none. */
  readonly contentType: string | null;
};

export type RouteInput<Q extends RouteRequest = RouteRequest> = {
  readonly params: Q extends { readonly params: infer P extends TSchema } ? Static<P> : unknown;
  readonly query: Q extends { readonly query: infer P extends TSchema } ? Static<P> : unknown;
  readonly headers: Q extends { readonly headers: infer P extends TSchema } ? Static<P> : unknown;
  readonly body: Q extends { readonly body: infer B }
    ? B extends 'raw'
      ? RawBody
      : B extends TSchema
        ? Static<B>
        : undefined
    : undefined;
};

type AnyContext<S> = {
  readonly services: S;
  readonly operationId: string;
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
};

export type PublicContext<S> = AnyContext<S> & {
  /** How the request came to this server, or to a proxy that it trusts. */
  readonly protocol: 'http' | 'https';
};

export type RouteContext<S> = AnyContext<S> & {
  readonly caller: Caller;
  /** Set when the route is idempotent and the request named a key. */
  readonly idempotency: IdempotencyRequest | null;
};

export type RouteReply =
  | {
      readonly ok: true;
      readonly status: number;
      /** Encoded as JSON; undefined: no body. */
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly replayed?: boolean;
    }
  | { readonly ok: false; readonly problem: Problem; readonly headers?: Readonly<Record<string, string>> };

/** Anything but JSON: a page, a CSV file. */
export type TextReply = {
  readonly ok: true;
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Shown in the documents as they are; each must fit its schema. */
export type RouteExamples = {
  /** Of the body. */
  readonly request?: unknown;
  readonly responses?: Readonly<Record<number, unknown>>;
};

type RouteFacts<Q extends RouteRequest> = {
  readonly method: Method;
  /** Below the prefix, with `{name}` for parameters. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly request: Q;
  /** null: no body. A string with a `contentMediaType` is documented as text of that type. */
  readonly responses: Readonly<Record<number, TSchema | null>>;
  /** Refusals beside those that follow from the rest of the route. */
  readonly refusals?: readonly number[];
  readonly examples?: RouteExamples;
  /** Faster than JSON.stringify, for hot replies. A method, so that a route of any reply fits a list of routes. */
  serialize?(body: unknown): string;
};

/**
 * One operation, as data. Handlers are methods: TypeScript then lets routes of different inputs stand in one list, and
 * the plumbing hands each one only what its own schemas have passed.
 */
export type KeyRoute<S, Q extends RouteRequest = RouteRequest> = RouteFacts<Q> & {
  readonly access: 'key';
  /** All of them; the use case checks again. */
  readonly scopes: readonly Scope[];
  /** Takes an Idempotency-Key. */
  readonly idempotent: boolean;
  handle(context: RouteContext<S>, input: RouteInput<Q>): RouteReply | Promise<RouteReply>;
};

/** An operation for which no key is needed. */
export type PublicRoute<S, Q extends RouteRequest = RouteRequest> = RouteFacts<Q> & {
  readonly access: 'public';
  handle(context: PublicContext<S>, input: RouteInput<Q>): RouteReply | TextReply | Promise<RouteReply | TextReply>;
};

export type Route<S> = KeyRoute<S> | PublicRoute<S>;
