import { type TObject, type TSchema, Type } from 'typebox';
import type { Caller } from '../app/caller.ts';
import { Refusal, refused } from '../app/outcome.ts';
import type { Method, RouteContext, RouteInput, RouteRequest } from '../http/route.ts';
import type { Page, PageRequest } from '../store/port.ts';
import { type DialectServices, INSIDE } from './conduct.ts';
import { type DialectRoute, keyRoute } from './dialect-route.ts';
import { headersFault } from './headers-fault.ts';
import type { IdCodec } from './id-codec.ts';
import { type Operation, perform } from './operation.ts';
import type { PageStyle } from './page-style.ts';
import { inTime, isThenable } from './thenable.ts';

type NoIds = Readonly<Record<string, never>>;
type AnyIds = Readonly<Record<string, IdCodec<string>>>;
type DecodedIds<P extends AnyIds> = { readonly [K in keyof P]: P[K] extends IdCodec<infer Id> ? Id : never };

/** A request whose path ids, query and body have passed their schemas. */
export type Decodable<Q extends RouteRequest, P extends AnyIds> = Omit<RouteInput<Q>, 'params'> & {
  readonly ids: DecodedIds<P>;
  /** What page of a list is asked for; the first of the usual size where the route has no page style. */
  readonly page: PageRequest;
  readonly caller: Pick<Caller, 'organizationId' | 'actor' | 'scopes'>;
};

export type EncodeFacts<Q extends RouteRequest, P extends AnyIds> = {
  readonly request: Decodable<Q, P>;
  /** Epoch milliseconds. */
  readonly now: number;
  /** What asks for the next page, in the route's page style; null: there is none. */
  readonly next: string | null;
};

/** One operation at one place of a product's API: how its request is read and its answer written. */
export type OperationRoute<Q extends RouteRequest, P extends AnyIds, I, O> = {
  /** Only a POST takes an Idempotency-Key: of an operation that makes a secret, anything else shows it once. */
  readonly method: Method;
  /** Below the prefix, with `{name}` for the ids. */
  readonly path: string;
  readonly operation: Operation<I, O>;
  readonly operationId: string;
  /** Another operationId whose requests are the same ones as these: of a second path to one thing. */
  readonly repeatsAs?: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** How the names in the path are read. What does not decode is `not_found`. */
  readonly ids?: P;
  /** Query, headers and body; the ids of the path and the parameters of a page come by themselves. */
  readonly request?: Q;
  readonly page?: PageStyle;
  readonly status: number;
  /** null: an answer without a body. */
  readonly response: TSchema | null;
  /** Headers of a good answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Refusals beside those that follow from the rest of the route. */
  readonly refusals?: readonly number[];
  readonly examples?: { readonly request?: unknown; readonly response?: unknown };
  /**
   * The operation's input, or why there is none (`refused`, `invalid`); at once, or after asking elsewhere. A method, so
   * that routes of many shapes fit one list.
   */
  decode(request: Decodable<Q, P>): NoInfer<I> | Refusal | Promise<NoInfer<I> | Refusal>;
  /** The body of the answer, or a refusal where the product cannot say it; at once or as a promise. */
  encode(value: NoInfer<O>, facts: EncodeFacts<Q, P>): unknown;
};

const FIRST_PAGE_ITEMS = 50;

/** A route as data: an operation, and how this product asks for it and answers. */
export function route<const I, O, const Q extends RouteRequest = RouteRequest, const P extends AnyIds = NoIds>(
  definition: OperationRoute<Q, P, I, O>,
): DialectRoute {
  const { operation, ids, page, status, response, examples, headers } = definition;
  const { operationId, repeatsAs = operationId } = definition;
  const fault = partsFault(definition) ?? headersFault(headers ?? {}) ?? pageFault(page, operation);
  if (fault !== null) throw new TypeError(`operation "${operationId}": ${fault}`);
  const request = requestOf(definition);
  const read = idReader(ids ?? {});
  return keyRoute({
    method: definition.method,
    path: definition.path,
    operationId,
    summary: definition.summary,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    tag: definition.tag,
    scopes: operation.scopes,
    idempotent: operation.idempotent && definition.method === 'POST',
    request,
    responses: { [status]: response },
    ...(definition.refusals === undefined ? {} : { refusals: definition.refusals }),
    ...(examples === undefined ? {} : { examples: examplesOf(status, examples) }),
    async handle(context, input) {
      const decoded = read(input.params);
      if (!decoded.ok) return decoded;
      const paged = page === undefined ? FIRST_PAGE : page.read(context, pagedRequest(input));
      if (!paged.ok) return paged;
      const { caller } = context;
      // The schemas that `Q` and `P` were made of have passed each part.
      const decodable = { ...input, ids: decoded.ids, page: paged.page, caller } as unknown as Decodable<Q, P>;
      const decoding = definition.decode(decodable);
      const { timers } = context.services[INSIDE].app;
      const wanted = isThenable(decoding) ? await inTime(timers, `decode of ${operationId}`, decoding) : decoding;
      if (Refusal.is(wanted)) return wanted;
      const outcome = await perform(repeatable(context, repeatsAs, decoded.ids), operation, wanted);
      if (!outcome.ok) return outcome;
      const { value } = outcome;
      const next = page === undefined || !isPage(value) ? null : page.next(context, pagedRequest(input), value);
      const encoding = definition.encode(value, { request: decodable, now: context.services.now(), next });
      const body = isThenable(encoding) ? await inTime(timers, `encode of ${operationId}`, encoding) : encoding;
      if (Refusal.is(body)) return body;
      if (body === undefined && response !== null) throw new TypeError(`encode of ${operationId} made no body`);
      const good = {
        ok: true,
        status,
        body: response === null ? undefined : body,
        replayed: outcome.replayed,
      } as const;
      return headers === undefined ? good : { ...good, headers };
    },
  });
}

/**
 * The same route to the same things is one request, however its ids are written. Another route is another request: it
 * may read the same body in another way.
 */
function repeatable(
  context: RouteContext<DialectServices>,
  repeatsAs: string,
  ids: Readonly<Record<string, string>>,
): RouteContext<DialectServices> {
  const { idempotency } = context;
  if (idempotency === null) return context;
  const { dialect } = context.services[INSIDE].conduct;
  const route = `${dialect} ${repeatsAs} ${JSON.stringify(Object.values(ids))}`;
  return { ...context, idempotency: { ...idempotency, route } };
}

/** Not every user's code is typed, and what is missing would be found out by the first request. */
function partsFault(definition: {
  readonly status: number;
  readonly operation: unknown;
  readonly decode: unknown;
  readonly encode: unknown;
  readonly ids?: Readonly<Record<string, { readonly decode?: unknown } | undefined>>;
}): string | null {
  const { status, operation, decode, encode, ids = {} } = definition;
  if (!Number.isInteger(status) || status < 200 || status > 299) return `its status ${status} is not from 200 to 299`;
  if (typeof operation !== 'object' || operation === null) return 'it names no operation';
  if (typeof decode !== 'function' || typeof encode !== 'function') return 'it takes a decode and an encode';
  const odd = Object.entries(ids).find(([, codec]) => typeof codec?.decode !== 'function');
  return odd === undefined ? null : `its id "${odd[0]}" has no codec`;
}

function pageFault(page: PageStyle | undefined, { name }: { readonly name: string }): string | null {
  const paged = page?.operation?.name ?? name;
  return paged === name ? null : `its page style is for ${paged} alone`;
}

const FIRST_PAGE = { ok: true, page: { after: null, itemsMax: FIRST_PAGE_ITEMS } } as const;

function requestOf(definition: { request?: RouteRequest; page?: PageStyle; ids?: AnyIds }): RouteRequest {
  const { request = {}, page, ids } = definition;
  const query = page === undefined ? request.query : withPage(request.query, page);
  return {
    ...request,
    ...(query === undefined ? {} : { query }),
    ...(ids === undefined ? {} : { params: paramsOf(ids) }),
  };
}

function withPage(query: TObject | undefined, page: PageStyle): TObject {
  return Type.Object({ ...query?.properties, ...page.query }, { additionalProperties: false });
}

function paramsOf(ids: AnyIds): TObject {
  const parameters = Object.entries(ids).map(([name, { noun, example }]) => {
    return [name, Type.String({ description: `The id of the ${noun}`, examples: [example] })] as const;
  });
  return Type.Object(Object.fromEntries(parameters));
}

type IdReading = { readonly ok: true; readonly ids: Readonly<Record<string, string>> } | Refusal;

function idReader(codecs: AnyIds): (params: unknown) => IdReading {
  const entries = Object.entries(codecs);
  return (params) => {
    const ids: Record<string, string> = {};
    for (const [name, codec] of entries) {
      const text = (params as Readonly<Record<string, string>>)[name]; // Its schema is made of the same names.
      const id = text === undefined ? null : codec.decode(text);
      if (id === null) return refused('not_found', `no such ${codec.noun}`);
      ids[name] = id;
    }
    return { ok: true, ids };
  };
}

function pagedRequest(input: { readonly params: unknown; readonly query: unknown }) {
  return { params: input.params, query: input.query as Readonly<Record<string, unknown>> }; // Queries are objects.
}

function examplesOf(
  status: number,
  { request, response }: { readonly request?: unknown; readonly response?: unknown },
) {
  return {
    ...(request === undefined ? {} : { request }),
    ...(response === undefined ? {} : { responses: { [status]: response } }),
  };
}

function isPage(value: unknown): value is Page<unknown> {
  return typeof value === 'object' && value !== null && 'items' in value && 'nextCursor' in value;
}
