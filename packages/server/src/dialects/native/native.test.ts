import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { acmeDialect } from '../testing/acme.ts';
import { checkedClient } from '../testing/checked-client.ts';
import { runDialects } from '../testing/running-dialects.ts';
import { nativeDialect } from './native.ts';
import { auditCases } from './testing/audit-cases.ts';
import { dialectCases } from './testing/dialect-cases.ts';
import { endpointCases } from './testing/endpoint-cases.ts';
import { erasureCases } from './testing/erasure-cases.ts';
import { eventCases } from './testing/event-cases.ts';
import { followCases } from './testing/follow-cases.ts';
import { createKey, type NativeWorld } from './testing/native-world.ts';
import { operatorCases } from './testing/operator-cases.ts';
import { policyCases } from './testing/policy-cases.ts';
import { ringCases } from './testing/ring-cases.ts';
import { tenantCases } from './testing/tenant-cases.ts';

const acme = acmeDialect();
const dialect = nativeDialect([{ dialect: acme, prefix: '/acme', host: null }]);
// Filled by beforeAll; a test never runs before it.
const world = {} as NativeWorld;

beforeAll(async () => {
  world.running = await runDialects([acme]);
  world.ask = checkedClient(world.running, dialect);
});
afterAll(async () => {
  await world.running.stop();
});
afterEach(() => {
  expect(world.running.crashes.splice(0)).toEqual([]);
  world.running.receiver.answer = { status: 200, body: 'thanks' };
});

endpointCases(world);
ringCases(world);
policyCases(world);
eventCases(world);
erasureCases(world);
followCases(world);
tenantCases(world);
dialectCases(world);
operatorCases(world);
auditCases(world);

describe('other requests', () => {
  it('are refused in the same shape: unknown paths, wrong methods, broken paths', async () => {
    expect((await world.ask('GET', '/nothing')).json.code).toBe('not_found');
    const method = await world.ask('PUT', '/endpoints');
    expect([method.status, method.json.code, method.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD, POST',
    ]);
    const capitals = await world.running.http.inject({ url: '/V1/endpoints' });
    expect([capitals.statusCode, capitals.json().code, capitals.headers['allow']]).toEqual([
      404,
      'not_found',
      undefined,
    ]);
    const broken = await world.running.http.inject({ url: '/v1/endpoints/%' });
    expect([broken.statusCode, broken.json().code]).toEqual([400, 'invalid_request']);
    expect(
      (
        await world.ask('POST', '/keys', {
          raw: '{"scopes":[],"scopes":[]}',
          headers: { 'content-type': 'application/json' },
        })
      ).json.code,
    ).toBe('duplicate_key');
  });
});

describe('every operation', () => {
  it('that is a POST can be repeated under an Idempotency-Key', () => {
    const posts = dialect.routes.filter((route) => route.method === 'POST');
    expect(posts.length).toBeGreaterThan(10);
    expect(posts.filter((route) => route.access !== 'key' || !route.idempotent)).toEqual([]);
  });

  it('finds nothing for an organization that does not exist', async () => {
    const headers = { 'hookring-organization': 'nobody-is-called-so' };
    for (const route of dialect.routes) {
      const answer = await world.ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), { headers });
      expect([route.operationId, answer.status, answer.json.code]).toEqual([route.operationId, 404, 'not_found']);
    }
  });

  it('refuses a query parameter that it does not know', async () => {
    for (const route of dialect.routes.filter((one) => !one.path.includes('{'))) {
      const body = route.method === 'GET' ? {} : { json: {} };
      const answer = await world.ask(route.method, `${route.path}?surprise=1`, body);
      expect([route.operationId, answer.status]).toEqual([route.operationId, 422]);
    }
  });

  it('refuses a request without a key', async () => {
    for (const route of dialect.routes) {
      const answer = await world.ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), { token: null });
      expect([route.operationId, answer.status, answer.json.code]).toEqual([
        route.operationId,
        401,
        'missing_credentials',
      ]);
    }
  });

  it('refuses a key without its scope', async () => {
    const { token } = await createKey(world, ['secrets:reveal']);
    for (const route of dialect.routes) {
      if (route.access !== 'key' || route.scopes.length === 0) continue;
      const answer = await world.ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), { token });
      expect([route.operationId, answer.status]).toEqual([route.operationId, 403]);
    }
  });

  it('answers a malformed id like one that does not exist', async () => {
    for (const route of dialect.routes.filter((one) => one.path.includes('{'))) {
      const answer = await world.ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), {
        json: bodyFor(route.operationId),
      });
      expect([route.operationId, answer.status]).toEqual([route.operationId, 404]);
    }
  });

  it('is described at a public address', async () => {
    const response = await world.running.http.inject({ url: '/v1/openapi.json' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ openapi: '3.1.0' });
  });

  it('was seen here with each of its good answers, all of which fit their schemas', () => {
    expect(world.ask.unseen()).toEqual([]);
  });
});

function bodyFor(operationId: string): unknown {
  return operationId === 'recoverDeliveries' ? { since: '2026-01-01T00:00:00Z' } : {};
}
