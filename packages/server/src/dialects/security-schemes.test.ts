import { expect, it } from 'vitest';
import type { SecurityScheme } from '../http/openapi-document.ts';
import { accessTokens, apiKeys, sessionJwts } from './authentication.ts';
import { clientCredentialsRoute } from './client-credentials.ts';
import type { DialectDefinition } from './dialect.ts';
import { surfaceOf } from './mount-dialect.ts';
import { acmeDialect } from './testing/acme.ts';

const ownKey: SecurityScheme = { type: 'apiKey', in: 'header', name: 'Acme-Key' };
const ownWay = { authenticate: [() => null] };

it.each<[string, Partial<DialectDefinition>, string]>([
  ['API keys', { authenticate: [apiKeys()] }, 'Bearer'],
  ['JWTs', { authenticate: [sessionJwts] }, 'Bearer'],
  ['access tokens', { authenticate: [accessTokens], routes: [clientCredentialsRoute({ path: '/token' })] }, 'Bearer'],
  ['a header of its own', { ...ownWay, securitySchemes: { ownKey } }, 'acme'],
  [
    'a header of its own beside API keys',
    { authenticate: [() => null, apiKeys()], securitySchemes: { ownKey } },
    'Bearer',
  ],
  [
    'passwords',
    { ...ownWay, securitySchemes: { ownKey, login: { type: 'http', scheme: 'basic' } } },
    'Basic realm="acme", charset="UTF-8"',
  ],
])('a dialect that takes %s asks for what it takes', (_name, more, challenge) => {
  expect(surfaceOf(acmeDialect(more), '').challenge).toBe(challenge);
});
