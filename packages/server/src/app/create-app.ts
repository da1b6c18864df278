import { createHmac } from 'node:crypto';
import type { ReadDocument } from '../net/document-reader.ts';
import { tokenHash } from './access.ts';
import { createAccessTokens } from './access-tokens.ts';
import type { AppContext, AppSettings } from './context.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { openServiceKey } from './service-key.ts';
import { createSessionJwts, type SessionJwtSettings } from './session-jwts.ts';

export type AppParts = Pick<
  AppContext,
  'store' | 'engine' | 'directory' | 'vault' | 'masterKeys' | 'clock' | 'timers' | 'ids' | 'fillRandom' | 'telemetry'
> & {
  readonly settings: Pick<AppSettings, 'urlRules' | 'rotationLimits' | 'retentionDays'>;
  /** As the operator wrote it; null: none. */
  readonly bootstrapKey: string | null;
  /** What the command line on this machine lets itself in with; null: it has no way in. */
  readonly localToken: string | null;
  /** Null: no issuer of JWTs is believed. */
  readonly sessionJwts: SessionJwtSettings | null;
  /** For the key set of that issuer. */
  readonly readDocument: ReadDocument;
  readonly onFault: (where: string, error: unknown) => void;
};

/** Puts together what use cases need. Keys of the service itself are made at the first start. */
export async function createApp(parts: AppParts): Promise<AppContext> {
  const { settings, bootstrapKey, localToken, sessionJwts, readDocument, onFault, ...tools } = parts;
  const { clock, fillRandom } = tools;
  // Keyed: fingerprints of requests in the store reveal nothing of their bodies.
  const digestKey = await openServiceKey(tools, 'request-fingerprints');
  const tokenKey = await openServiceKey(tools, 'access-tokens');
  const bootstrapKeyHash = bootstrapKey === null ? null : tokenHash(bootstrapKey);
  const onJwtFault = (error: unknown): void => onFault('session JWTs', error);
  return {
    ...tools,
    digest: (bytes) => createHmac('sha256', digestKey).update(bytes).digest('base64url'),
    queue: createKeyedQueue(),
    sessionJwts:
      sessionJwts === null ? null : createSessionJwts(sessionJwts, { clock, readDocument, onFault: onJwtFault }),
    accessTokens: createAccessTokens({ key: tokenKey, clock, fillRandom, bootstrapKeyHash }),
    settings: {
      ...settings,
      bootstrapKeyHash,
      localTokenHash: localToken === null ? null : tokenHash(localToken),
    },
  };
}
