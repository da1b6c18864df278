import type { Reader } from '../port.ts';

/** Asks a reader that is somewhere else. The answer is that of the method of the same name. */
export type Ask = (method: keyof Reader, args: readonly unknown[]) => Promise<unknown>;

/** The methods of the port's reader. Typed so that a new method must be named here. */
const METHODS: Readonly<Record<keyof Reader, true>> = {
  organization: true,
  organizationByExternalId: true,
  organizations: true,
  endpoint: true,
  endpoints: true,
  endpointCount: true,
  subscribers: true,
  endpointById: true,
  keyring: true,
  secrets: true,
  secret: true,
  apiKeyByHash: true,
  apiKey: true,
  apiKeys: true,
  event: true,
  events: true,
  prunable: true,
  delivery: true,
  deliveries: true,
  recoverable: true,
  recoverableCount: true,
  attemptsOfDelivery: true,
  attemptsOfEndpoint: true,
  attempts: true,
  audit: true,
  followAttempts: true,
  idempotency: true,
  sealedSecrets: true,
  sealedHeaders: true,
  serviceKey: true,
  figures: true,
};

export function isReaderMethod(name: string): name is keyof Reader {
  return Object.hasOwn(METHODS, name);
}

export function createRemoteReader(ask: Ask): Reader {
  const entries = Object.keys(METHODS)
    .filter(isReaderMethod)
    .map((method) => [method, (...args: readonly unknown[]) => ask(method, args)] as const);
  // Every method of the port is in METHODS, and `ask` answers what the method of that name answers.
  return Object.fromEntries(entries) as unknown as Reader;
}
