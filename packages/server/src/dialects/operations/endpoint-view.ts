import type { AppContext } from '../../app/context.ts';
import { done, type Outcome, replayed } from '../../app/outcome.ts';
import { ringOf } from '../../app/ring-owner.ts';
import type { Endpoint, EndpointHealth } from '../../domain/endpoint.ts';
import { isLiving, type Secret } from '../../domain/secret.ts';
import type { Conduct } from '../conduct.ts';

/** An endpoint without what is sealed, and with the dialect's own `extra` alone. */
export type ShownEndpoint = Omit<Endpoint, 'headers'> & {
  /** What every delivery carries; the values are for receivers only. */
  readonly headers: readonly { readonly name: string }[];
};

/** An endpoint as a dialect gets it. */
export type EndpointView = {
  readonly endpoint: ShownEndpoint;
  readonly health: EndpointHealth;
  /** The living secrets of the ring that signs for it, newest first; empty unless the dialect asks for them. */
  readonly secrets: readonly Secret[];
};

type Found = { readonly endpoint: Endpoint; readonly health: EndpointHealth };
type Place = { readonly app: AppContext; readonly conduct: Conduct };

export async function viewEndpoint({ app, conduct }: Place, { endpoint, health }: Found): Promise<EndpointView> {
  return {
    endpoint: {
      ...endpoint,
      headers: endpoint.headers.map(({ name }) => ({ name })),
      extra: ownExtra(conduct, endpoint.extra),
    },
    health,
    secrets: conduct.secretsInEndpoints ? await livingSecrets(app, endpoint) : [],
  };
}

async function livingSecrets(app: AppContext, endpoint: Endpoint): Promise<readonly Secret[]> {
  const ring = await app.directory.ring(ringOf(endpoint));
  const now = app.clock.now();
  const living = (ring?.secrets ?? []).filter((secret) => isLiving(secret, now));
  return living.sort((a, b) => b.number - a.number).map(viewSecret);
}

/** What a dialect may know of a secret, member by member: rows of the store hold its sealed material too. */
export function viewSecret(secret: Secret): Secret {
  return {
    id: secret.id,
    algorithm: secret.algorithm,
    number: secret.number,
    createdAt: secret.createdAt,
    activatesAt: secret.activatesAt,
    supersededAt: secret.supersededAt,
    expiresAt: secret.expiresAt,
    revokedAt: secret.revokedAt,
    signsFrom: secret.signsFrom,
    signsUntil: secret.signsUntil,
    origin: secret.origin,
    hint: secret.hint,
    fingerprint: secret.fingerprint,
    publicKey: secret.publicKey,
    actor: secret.actor,
    reason: secret.reason,
  };
}

/** Dialects have no dot in their names, so what one keeps is never another's. */
function extraPrefix({ dialect }: Conduct): string {
  return `${dialect}.`;
}

function ownExtra(conduct: Conduct, extra: Endpoint['extra']): Endpoint['extra'] {
  const prefix = extraPrefix(conduct);
  const own = Object.entries(extra).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** What a dialect keeps beside an endpoint, under its own name. */
export function withOwnExtra<S extends { readonly extra?: Readonly<Record<string, string | null>> }>(
  conduct: Conduct,
  settings: S,
): S {
  const { extra } = settings;
  if (extra === undefined) return settings;
  const prefix = extraPrefix(conduct);
  const own = Object.entries(extra).map(([key, value]) => [`${prefix}${key}`, value]);
  return { ...settings, extra: Object.fromEntries(own) };
}

/** The outcome with its value seen by the dialect: the value changes, what was refused stays. */
export async function mapOutcome<T, U>(outcome: Outcome<T>, see: (value: T) => U | Promise<U>): Promise<Outcome<U>> {
  if (!outcome.ok) return outcome;
  const value = await see(outcome.value);
  return outcome.replayed ? replayed(value) : done(value);
}
