import type { AppContext } from '../../app/context.ts';
import { done, type Outcome, refused, replayed } from '../../app/outcome.ts';
import type { Endpoint, EndpointHealth } from '../../domain/endpoint.ts';
import { isLiving, type Secret } from '../../domain/secret.ts';
import type { Conduct } from '../conduct.ts';

/** An endpoint as a dialect gets it. */
export type EndpointView = {
  readonly endpoint: Endpoint;
  readonly health: EndpointHealth;
  /** The living secrets of the ring that signs for it, newest first; empty unless the dialect asks for them. */
  readonly secrets: readonly Secret[];
};

type Found = Pick<EndpointView, 'endpoint' | 'health'>;
type Place = { readonly app: AppContext; readonly conduct: Conduct };

export async function viewEndpoint({ app, conduct }: Place, { endpoint, health }: Found): Promise<EndpointView> {
  return { endpoint, health, secrets: conduct.secretsInEndpoints ? await livingSecrets(app, endpoint) : [] };
}

async function livingSecrets(app: AppContext, endpoint: Endpoint): Promise<readonly Secret[]> {
  const ring = await app.directory.ring(endpoint.keyring === 'own' ? endpoint.id : endpoint.organizationId);
  const now = app.clock.now();
  return (ring?.secrets ?? []).filter((secret) => isLiving(secret, now)).sort((a, b) => b.number - a.number);
}

/** The outcome with its value seen by the dialect: the value changes, what was refused stays. */
export async function mapOutcome<T, U>(outcome: Outcome<T>, see: (value: T) => Promise<U>): Promise<Outcome<U>> {
  if (!outcome.ok) return outcome;
  const value = await see(outcome.value);
  return outcome.replayed ? replayed(value) : done(value);
}

/** For dialects that have no word for archived: such an endpoint does not exist. */
export function hideArchived<T>(conduct: Conduct, outcome: Outcome<T>): Outcome<T> {
  if (outcome.ok || conduct.archivedEndpoints === 'shown' || outcome.problem.code !== 'endpoint_archived') {
    return outcome;
  }
  return refused('not_found', 'no such endpoint');
}

/** The same for reads, which do not refuse an archived endpoint by themselves. */
export function hideIfArchived<T extends Found>(conduct: Conduct, outcome: Outcome<T>): Outcome<T> {
  const isHidden =
    outcome.ok && conduct.archivedEndpoints === 'hidden' && outcome.value.endpoint.status.kind === 'archived';
  return isHidden ? refused('not_found', 'no such endpoint') : outcome;
}
