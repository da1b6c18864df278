import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CheckedClient, checkedClient, type Json } from '../testing/checked-client.ts';
import { type RunningDialects, runDialects } from '../testing/running-dialects.ts';
import { nativeDialect } from './native.ts';

const dialect = nativeDialect([
  { name: 'acme', tokenPrefix: 'ac_live_', scopeAliases: { 'hooks:read': ['endpoints:read', 'deliveries:read'] } },
]);
let running: RunningDialects;
let ask: CheckedClient;

beforeAll(async () => {
  running = await runDialects([dialect]);
  ask = checkedClient(running, dialect);
});
afterAll(async () => {
  await running.stop();
});
afterEach(() => {
  expect(running.crashes.splice(0)).toEqual([]);
  running.receiver.answer = { status: 200, body: 'thanks' };
});

async function createEndpoint(more: Record<string, unknown> = {}): Promise<{ endpoint: Json; secret: Json }> {
  const answer = await ask('POST', '/endpoints', {
    json: { url: running.receiver.url, eventTypes: ['nothing.matches'], ...more },
  });
  expect(answer.status).toBe(201);
  return answer.json;
}

async function createKey(
  scopes: readonly string[],
  more: Record<string, unknown> = {},
): Promise<{ key: Json; token: string }> {
  const answer = await ask('POST', '/keys', { json: { name: 'test', scopes, ...more } });
  expect(answer.status).toBe(201);
  return answer.json;
}

/** Waits until a delivery has ended; the engine's own promises bound how long that is. */
async function endedDelivery(endpointId: string): Promise<Json> {
  for (let round = 0; round < 500; round += 1) {
    const { json } = await ask('GET', `/deliveries?endpointId=${endpointId}`);
    const [delivery] = json.items;
    if (delivery !== undefined && delivery.completedAt !== null) return delivery;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the delivery never ended');
}

describe('endpoints', () => {
  it('are made with a secret that is shown once', async () => {
    const { endpoint, secret } = await createEndpoint({
      eventTypes: ['invoice.*'],
      description: 'Invoices',
      metadata: { team: 'a' },
      headers: { 'X-Token': 'hush' },
    });
    expect(endpoint).toMatchObject({
      url: running.receiver.url,
      eventTypes: ['invoice.*'],
      description: 'Invoices',
      status: 'active',
      suspendedReason: null,
      suspendedAt: null,
      consecutiveFailures: 0,
      lastSuccessAt: null,
      metadata: { team: 'a' },
      headers: { 'X-Token': '[hidden]' },
      keyring: 'own',
    });
    expect(endpoint.id).toMatch(/^ep_[0-9a-z]{26}$/);
    expect(secret.value).toMatch(/^whsec_/);
    for (const path of [`/endpoints/${endpoint.id}`, '/endpoints?limit=200', `/endpoints/${endpoint.id}/secrets`]) {
      const { text } = await ask('GET', path);
      expect(text).not.toContain(secret.value.slice(6));
      expect(text).not.toContain('hush');
    }
  });

  it("have no secret of their own on the organization's ring", async () => {
    const { endpoint, secret } = await createEndpoint({ keyring: 'organization' });
    expect([endpoint.keyring, secret]).toEqual(['organization', null]);
  });

  it('are changed by a merge patch that names its version', async () => {
    const { endpoint } = await createEndpoint({ headers: { 'X-Keep': 'kept', 'X-Drop': 'dropped' } });
    const read = await ask('GET', `/endpoints/${endpoint.id}`);
    expect(read.headers['etag']).toBe(`"${endpoint.version}"`);
    const patched = await ask('PATCH', `/endpoints/${endpoint.id}`, {
      raw: JSON.stringify({ description: 'new', eventTypes: null, headers: { 'X-Keep': '[hidden]', 'X-Drop': null } }),
      headers: { 'content-type': 'application/merge-patch+json', 'if-match': String(read.headers['etag']) },
    });
    expect(patched.status).toBe(200);
    expect(patched.json).toMatchObject({
      description: 'new',
      eventTypes: null,
      headers: { 'X-Keep': '[hidden]' },
      url: endpoint.url,
    });
    expect(Object.keys(patched.json.headers)).toEqual(['X-Keep']);
    expect(patched.headers['etag']).not.toBe(read.headers['etag']);
    for (const tag of [String(read.headers['etag']), 'W/"2"', '"x"', '"1", "2"']) {
      const stale = await ask('PATCH', `/endpoints/${endpoint.id}`, {
        json: { description: 'newer' },
        headers: { 'if-match': tag },
      });
      expect([stale.status, stale.json.code]).toEqual([412, 'precondition_failed']);
    }
    expect(
      (
        await ask('PATCH', `/endpoints/${endpoint.id}`, {
          json: { description: 'newest' },
          headers: { 'if-match': '*' },
        })
      ).status,
    ).toBe(200);
  });

  it('are suspended and resumed, and archived for good', async () => {
    const { endpoint } = await createEndpoint();
    const suspended = await ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
    expect(suspended.json).toMatchObject({
      status: 'suspended',
      suspendedReason: 'manual',
      suspendedAt: expect.any(String),
    });
    expect((await ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'active' } })).json.status).toBe(
      'active',
    );
    expect((await ask('DELETE', `/endpoints/${endpoint.id}`)).status).toBe(204);
    expect((await ask('GET', `/endpoints/${endpoint.id}`)).json).toMatchObject({
      status: 'archived',
      archivedAt: expect.any(String),
    });
    for (const [method, path, json] of [
      ['PATCH', '', { status: 'active' }],
      ['POST', '/rotate', {}],
      ['POST', '/test', undefined],
      ['POST', '/recover', { since: new Date(Date.now() - 1_000).toISOString() }],
    ] as const) {
      const answer = await ask(method, `/endpoints/${endpoint.id}${path}`, json === undefined ? {} : { json });
      expect([answer.status, answer.json.code]).toEqual([409, 'endpoint_archived']);
    }
  });

  it.each([
    [{}, '/url', 'required'],
    [{ url: 'https://example.com/hook', eventTypes: ['not a type'] }, '/eventTypes/0', 'invalid_event_type'],
    [{ url: 'https://example.com/hook', retrySchedule: [-1] }, '/retrySchedule/0', 'out_of_range'],
    [{ url: 'https://example.com/hook', event_types: [] }, '/event_types', 'unknown_field'],
    [{ url: 'https://example.com/hook', metadata: { a: 1 } }, '/metadata/a', 'wrong_type'],
    [{ url: 'https://10.0.0.1/hook' }, '/url', 'url_ip_literal'],
    [{ url: 'gopher://example.com' }, '/url', 'url_scheme'],
  ])('are refused as %j', async (json, pointer, code) => {
    const answer = await ask('POST', '/endpoints', { json });
    expect(answer.status).toBe(422);
    expect(answer.json.errors).toEqual([expect.objectContaining({ pointer, code })]);
  });

  it('are listed in pages that go on from a cursor', async () => {
    for (let count = 0; count < 3; count += 1) await createEndpoint();
    const all = (await ask('GET', '/endpoints?limit=200')).json.items.map((item: Json) => item.id);
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json }: Json = await ask('GET', `/endpoints?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...json.items.map((item: Json) => item.id));
      cursor = json.nextCursor;
    }
    expect(paged).toEqual(all);
    const { json } = await ask('GET', '/endpoints?limit=1');
    const foreign = await ask('GET', `/deliveries?cursor=${json.nextCursor}`);
    expect([foreign.status, foreign.json.errors[0].code]).toEqual([422, 'invalid_cursor']);
  });

  it('are tested at once, whatever the receiver says', async () => {
    const { endpoint } = await createEndpoint();
    const good = await ask('POST', `/endpoints/${endpoint.id}/test`);
    expect(good.json).toMatchObject({ delivered: true, status: 200, responseBody: 'thanks', error: null });
    expect(good.json.keyIds).toHaveLength(1);
    running.receiver.answer = { status: 503, body: 'closed' };
    await ask('PATCH', `/endpoints/${endpoint.id}`, { json: { status: 'suspended' } });
    const bad = await ask('POST', `/endpoints/${endpoint.id}/test`);
    expect([bad.status, bad.json.delivered, bad.json.status, bad.json.responseBody]).toEqual([
      200,
      false,
      503,
      'closed',
    ]);
    const unreachable = await createEndpoint({ url: 'http://127.0.0.1:1024/' });
    expect((await ask('POST', `/endpoints/${unreachable.endpoint.id}/test`)).json).toMatchObject({
      delivered: false,
      status: null,
      error: { kind: expect.any(String) },
    });
  });
});

describe('rings', () => {
  it('are rotated with a grace, and refuse a second rotation meanwhile unless forced', async () => {
    const { endpoint, secret } = await createEndpoint();
    const rotated = await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: 60 } });
    expect(rotated.status).toBe(200);
    const { effectiveAt, retired } = rotated.json;
    expect(rotated.json.endpoint.id).toBe(endpoint.id);
    expect(retired.id).toBe(secret.id);
    expect(Date.parse(retired.expiresAt) - Date.parse(effectiveAt)).toBe(60_000);
    const again = await ask('POST', `/endpoints/${endpoint.id}/rotate`);
    expect([again.status, again.json.code]).toEqual([409, 'rotation_in_progress']);
    const forced = await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { force: true } });
    expect(forced.json.retired.id).toBe(rotated.json.secret.id);
    const { json } = await ask('GET', `/endpoints/${endpoint.id}/secrets`);
    expect(json.items.map((item: Json) => [item.id, item.state, item.version])).toEqual([
      [forced.json.secret.id, 'active', 3],
      [rotated.json.secret.id, 'retiring', 2],
      [secret.id, expect.stringMatching(/expired|revoked/), 1],
    ]);
  });

  it('say what a rotation would do, and do not do it', async () => {
    const { endpoint, secret } = await createEndpoint();
    const plan = await ask('POST', `/endpoints/${endpoint.id}/rotate?dryRun=true`, { json: { graceSeconds: 60 } });
    expect(plan.json.timeline.map((span: Json) => span.secretId).sort()).toEqual(['new', secret.id].sort());
    expect((await ask('GET', `/endpoints/${endpoint.id}/secrets`)).json.items).toHaveLength(1);
  });

  it('take a secret that the caller brings', async () => {
    const { endpoint } = await createEndpoint();
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect((await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { secret: own } })).json.secret.value).toBe(
      own,
    );
    const weak = await ask('POST', `/endpoints/${endpoint.id}/rotate`, {
      json: { secret: 'whsec_c2hvcnQ=', force: true },
    });
    expect([weak.status, weak.json.code]).toEqual([422, 'secret_rejected']);
    expect(weak.text).not.toContain('c2hvcnQ=');
  });

  it('refuse a grace that is none', async () => {
    const { endpoint } = await createEndpoint();
    for (const graceSeconds of [-1, 8 * 86_400]) {
      expect((await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds } })).json.code).toBe(
        'grace_out_of_range',
      );
    }
    expect((await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: '60' } })).json.code).toBe(
      'validation_failed',
    );
  });

  it('lose a retiring secret early, and never the active one', async () => {
    const { endpoint, secret } = await createEndpoint();
    const active = await ask('POST', `/endpoints/${endpoint.id}/secrets/${secret.id}/revoke`);
    expect([active.status, active.json.code]).toEqual([409, 'secret_is_active']);
    await ask('POST', `/endpoints/${endpoint.id}/rotate`);
    expect((await ask('POST', `/endpoints/${endpoint.id}/secrets/${secret.id}/revoke`)).json).toMatchObject({
      id: secret.id,
      state: 'revoked',
    });
    expect((await ask('POST', `/endpoints/${endpoint.id}/secrets/sec_00000000000000000000000000/revoke`)).status).toBe(
      404,
    );
    expect((await ask('POST', `/endpoints/${endpoint.id}/secrets/nonsense/revoke`)).status).toBe(404);
  });

  it('give the same secret again to the same key, and count another body as another request', async () => {
    const { endpoint } = await createEndpoint();
    const headers = { 'idempotency-key': '"rotate-1"' };
    const first = await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
    const second = await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: {}, headers });
    expect(second.json.secret).toEqual(first.json.secret);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(second.headers['idempotent-replayed']).toBe('true');
    const other = await ask('POST', `/endpoints/${endpoint.id}/rotate`, { json: { graceSeconds: 5 }, headers });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('belong to organizations too', async () => {
    const { json: made } = await ask('POST', '/organizations', { json: { name: 'Rings' } });
    const rotated = await ask('POST', `/organizations/${made.id}/rotate`, { json: { graceSeconds: 60 } });
    expect(rotated.json).toMatchObject({ organizationId: made.id, retired: { id: made.secret.id } });
    expect((await ask('GET', `/organizations/${made.id}/secrets`)).json.items).toHaveLength(2);
    expect((await ask('POST', `/organizations/${made.id}/secrets/${made.secret.id}/revoke`)).json.state).toBe(
      'revoked',
    );
    expect((await ask('POST', `/organizations/${made.id}/rotate?dryRun=true`)).json.dryRun).toBe(true);
  });
});

describe('events and deliveries', () => {
  it('arrive byte for byte, and show what happened', async () => {
    const { endpoint } = await createEndpoint({ eventTypes: ['order.paid'] });
    const payload = '{ "total": 10.00, "big": 12345678901234567890 }';
    const sent = await ask('POST', '/events', {
      raw: `{"type":"order.paid","payload":${payload}}`,
      headers: { 'content-type': 'application/json' },
    });
    expect(sent.status).toBe(202);
    expect(sent.json).toMatchObject({ type: 'order.paid', duplicate: false });
    const delivery = await endedDelivery(endpoint.id);
    expect(delivery).toMatchObject({
      status: 'succeeded',
      eventId: sent.json.id,
      attemptCount: 1,
      lastResponseStatus: 200,
      nextAttemptAt: null,
      resendOf: null,
    });
    const arrived = running.receiver.received.find((one) => one.headers['webhook-id'] === sent.json.id);
    expect(arrived?.body.toString()).toBe(payload);
    const read = await ask('GET', `/deliveries/${delivery.id}`);
    expect(read.json.attempts).toEqual([
      expect.objectContaining({ number: 1, outcome: 'succeeded', status: 200, deliveryId: delivery.id }),
    ]);
    expect(read.json.attempts[0].keyIds).toHaveLength(1);
    const event = await ask('GET', `/events/${sent.json.id}`);
    expect(event.text).toContain(`"payload":${payload}`);
    expect((await ask('GET', `/endpoints/${endpoint.id}/attempts`)).json.items).toHaveLength(1);
    const resent = await ask('POST', `/deliveries/${delivery.id}/resend`);
    expect([resent.status, resent.json.resendOf]).toEqual([202, delivery.id]);
    expect((await ask('GET', `/deliveries?eventId=${sent.json.id}&endpointId=${endpoint.id}`)).json.items).toHaveLength(
      2,
    );
  });

  it('show why an attempt failed, and go out again when they are recovered', async () => {
    const { endpoint } = await createEndpoint({ eventTypes: ['order.lost'] });
    running.receiver.answer = { status: 500, body: 'ouch\0!' };
    await ask('POST', '/events', { json: { type: 'order.lost', payload: 1 } });
    const delivery = await endedDelivery(endpoint.id);
    expect(delivery).toMatchObject({ status: 'dead', deadReason: 'retries_exhausted', lastResponseStatus: 500 });
    const { json } = await ask('GET', `/deliveries/${delivery.id}`);
    expect(json.attempts[0]).toMatchObject({ outcome: 'failed', status: 500, responseBody: 'ouch!' });
    expect(json.attempts[0].responseHeaders).toContainEqual(['x-receiver', 'test']);
    running.receiver.answer = { status: 200, body: '' };
    const since = new Date(Date.now() - 60_000).toISOString();
    const recovered = await ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since } });
    expect([recovered.status, recovered.json]).toEqual([202, { recovered: 1, remaining: 0, nextCursor: null }]);
    expect((await ask('GET', `/deliveries?endpointId=${endpoint.id}&status=dead`)).json.items).toHaveLength(1);
    expect((await ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since: 'yesterday' } })).status).toBe(422);
    expect((await ask('POST', `/endpoints/${endpoint.id}/recover`, { json: { since, cursor: 'x' } })).status).toBe(422);
  });

  it('are taken once per id', async () => {
    const event = { type: 'order.once', payload: { a: 1 }, id: 'once-1' };
    expect((await ask('POST', '/events', { json: event })).json).toMatchObject({ id: 'once-1', duplicate: false });
    expect((await ask('POST', '/events', { json: event })).json).toMatchObject({ id: 'once-1', duplicate: true });
    const other = await ask('POST', '/events', { json: { ...event, payload: { a: 2 } } });
    expect([other.status, other.json.code]).toEqual([409, 'event_id_conflict']);
  });

  it('come in batches, whole or not at all', async () => {
    const sent = await ask('POST', '/events', {
      json: {
        events: [
          { type: 'a.b', payload: 1 },
          { type: 'c.d', payload: 2, id: 'batch-2' },
        ],
      },
    });
    expect(sent.json.items.map((item: Json) => item.type)).toEqual(['a.b', 'c.d']);
    const bad = await ask('POST', '/events', {
      json: {
        events: [
          { type: 'a.b', payload: 1, id: 'batch-3' },
          { type: 'c d', payload: 2 },
        ],
      },
    });
    expect([bad.status, bad.json.errors[0].pointer]).toEqual([422, '/events/1/type']);
    expect((await ask('GET', '/events/batch-3')).status).toBe(404);
    expect((await ask('POST', '/events', { json: { events: [] } })).status).toBe(422);
  });

  it('may be any bytes', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]);
    const sent = await ask('POST', '/events?type=image.made&id=raw-1', {
      raw: bytes,
      headers: { 'content-type': 'image/png' },
    });
    expect(sent.json).toMatchObject({ id: 'raw-1', type: 'image.made' });
    expect((await ask('GET', '/events/raw-1')).json).toMatchObject({
      payload: null,
      payloadBase64: bytes.toString('base64'),
      contentType: 'image/png',
      payloadBytes: 4,
    });
    expect(
      (
        await ask('POST', '/events?raw=true&type=a.b', {
          raw: '{"a":1}',
          headers: { 'content-type': 'application/json' },
        })
      ).status,
    ).toBe(202);
    expect((await ask('GET', '/events?limit=1')).json.items[0]).toMatchObject({
      type: 'a.b',
      contentType: 'application/json',
    });
  });

  it.each([
    [{ raw: '{' }, 400, 'invalid_body'],
    [{ raw: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
    [{ raw: `{"type":"a.b","payload":"${'x'.repeat(256 * 1024)}"}` }, 413, 'payload_too_large'],
    [{ raw: '{"type":"a b","payload":1}' }, 422, 'validation_failed'],
    [{ raw: '{"type":"a.b","payload":1,"id":"a/b"}' }, 422, 'validation_failed'],
  ])('are refused: %#', async (request, status, code) => {
    const answer = await ask('POST', '/events', { headers: { 'content-type': 'application/json' }, ...request });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });
});

describe('organizations', () => {
  it('are made once per externalId, listed, read and changed', async () => {
    const first = await ask('POST', '/organizations', { json: { name: 'Acme', externalId: 'acme' } });
    expect([first.status, first.json.secret.value.slice(0, 6)]).toEqual([201, 'whsec_']);
    const second = await ask('POST', '/organizations', { json: { name: 'Other', externalId: 'acme' } });
    expect([second.status, second.json.id, second.json.secret, second.json.name]).toEqual([
      200,
      first.json.id,
      null,
      'Acme',
    ]);
    const read = await ask('GET', `/organizations/${first.json.id}`);
    const patched = await ask('PATCH', `/organizations/${first.json.id}`, {
      json: { name: 'Acme Inc.' },
      headers: { 'if-match': String(read.headers['etag']) },
    });
    expect(patched.json).toMatchObject({ name: 'Acme Inc.', externalId: 'acme' });
    expect((await ask('GET', '/organizations')).json.items.map((item: Json) => item.externalId)).toEqual(
      expect.arrayContaining(['default', 'acme']),
    );
    expect((await ask('POST', '/organizations', { json: { name: ' ' } })).status).toBe(422);
  });

  it('are walls: an id of another one is an id that does not exist', async () => {
    const { json: other } = await ask('POST', '/organizations', {
      json: { name: 'Neighbour', externalId: 'neighbour' },
    });
    const headers = { 'hookring-organization': 'neighbour' };
    const { json: theirs } = await ask('POST', '/endpoints', { json: { url: running.receiver.url }, headers });
    const { token } = await createKey([
      'endpoints:read',
      'endpoints:write',
      'secrets:rotate',
      'deliveries:read',
      'organization:admin',
    ]);
    for (const [method, path] of [
      ['GET', `/endpoints/${theirs.endpoint.id}`],
      ['PATCH', `/endpoints/${theirs.endpoint.id}`],
      ['DELETE', `/endpoints/${theirs.endpoint.id}`],
      ['POST', `/endpoints/${theirs.endpoint.id}/rotate`],
      ['GET', `/endpoints/${theirs.endpoint.id}/secrets`],
      ['GET', `/endpoints/${theirs.endpoint.id}/attempts`],
      ['POST', `/endpoints/${theirs.endpoint.id}/test`],
      ['GET', `/organizations/${other.id}`],
      ['GET', `/organizations/${other.id}/secrets`],
    ] as const) {
      const json = method === 'PATCH' ? { json: {} } : {};
      const foreign = await ask(method, path, { token, ...json });
      const missing = await ask(method, path.replace(/(ep|org)_\w+/, '$1_0000000000000000000000000a'), {
        token,
        ...json,
      });
      expect([foreign.status, foreign.json.code, foreign.json.detail]).toEqual([
        404,
        missing.json.code,
        missing.json.detail,
      ]);
    }
    expect((await ask('GET', `/deliveries?endpointId=${theirs.endpoint.id}`, { token })).json.items).toEqual([]);
    const outside = await ask('GET', '/endpoints', { token, headers });
    expect([outside.status, outside.json.code]).toEqual([403, 'missing_scope']);
  });
});

describe('keys', () => {
  it('are shown once, do what their scopes say, and nothing once revoked', async () => {
    const { key, token } = await createKey(['endpoints:read']);
    expect(token).toMatch(/^hk_live_[0-9A-Za-z]{43}$/);
    expect((await ask('GET', '/keys?limit=200')).text).not.toContain(token);
    expect((await ask('GET', '/endpoints', { token })).status).toBe(200);
    const refused = await ask('POST', '/events', { token, json: { type: 'a.b', payload: 1 } });
    expect([refused.status, refused.json.code]).toEqual([403, 'missing_scope']);
    expect((await ask('POST', `/keys/${key.id}/revoke`)).json.state).toBe('revoked');
    const after = await ask('GET', '/endpoints', { token });
    expect([after.status, after.json.code]).toEqual([401, 'invalid_credentials']);
  });

  it('are revoked by DELETE too', async () => {
    const { key, token } = await createKey(['endpoints:read']);
    expect((await ask('DELETE', `/keys/${key.id}`)).status).toBe(204);
    expect((await ask('GET', '/endpoints', { token })).status).toBe(401);
    expect((await ask('DELETE', '/keys/key_00000000000000000000000000')).status).toBe(404);
  });

  it('are made in the words of another dialect', async () => {
    const { key, token } = await createKey(['hooks:read', 'events:write'], { dialect: 'acme' });
    expect(token).toMatch(/^ac_live_/);
    expect([key.dialect, key.scopes]).toEqual(['acme', ['endpoints:read', 'deliveries:read', 'events:write']]);
  });

  it.each([
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['hooks:read'] }, '/scopes/0'],
    [{ scopes: ['endpoints:read'], dialect: 'none' }, '/dialect'],
    [{ scopes: ['endpoints:read'], expiresAt: '2001-01-01T00:00:00Z' }, '/expiresAt'],
    [{ scopes: ['endpoints:read'], expiresAt: 'soon' }, '/expiresAt'],
  ])('are refused as %j', async (json, pointer) => {
    const answer = await ask('POST', '/keys', { json });
    expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('cannot give what they do not have', async () => {
    const { token } = await createKey(['organization:admin']);
    expect((await ask('POST', '/keys', { token, json: { scopes: ['operator'] } })).status).toBe(403);
  });
});

describe('other requests', () => {
  it('are refused in the same shape: unknown paths, wrong methods, broken paths', async () => {
    expect((await ask('GET', '/nothing')).json.code).toBe('not_found');
    const method = await ask('PUT', '/endpoints');
    expect([method.status, method.json.code, method.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD, POST',
    ]);
    expect((await ask('GET', '/endpoints/%')).json.code).toBe('invalid_request');
    expect(
      (
        await ask('POST', '/keys', {
          raw: '{"scopes":[],"scopes":[]}',
          headers: { 'content-type': 'application/json' },
        })
      ).json.code,
    ).toBe('duplicate_key');
  });
});

describe('every operation', () => {
  it('refuses a request without a key', async () => {
    for (const route of dialect.routes) {
      const answer = await ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), { token: null });
      expect([route.operationId, answer.status, answer.json.code]).toEqual([
        route.operationId,
        401,
        'missing_credentials',
      ]);
    }
  });

  it('refuses a key without its scope', async () => {
    const { token } = await createKey(['audit:read']);
    for (const route of dialect.routes) {
      if (route.access !== 'key' || route.scopes.length === 0) continue;
      const answer = await ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), { token });
      expect([route.operationId, answer.status]).toEqual([route.operationId, 403]);
    }
  });

  it('answers a malformed id like one that does not exist', async () => {
    for (const route of dialect.routes.filter((one) => one.path.includes('{'))) {
      const answer = await ask(route.method, route.path.replaceAll(/\{\w+\}/g, 'x'), {
        json: bodyFor(route.operationId),
      });
      expect([route.operationId, answer.status]).toEqual([route.operationId, 404]);
    }
  });

  it('is described at a public address', async () => {
    const response = await running.http.inject({ url: '/v1/openapi.json' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ openapi: '3.1.0' });
  });

  it('was seen here with each of its good answers, all of which fit their schemas', () => {
    const promised = dialect.routes.flatMap((route) =>
      Object.keys(route.responses).map((status) => `${route.operationId} ${status}`),
    );
    expect(promised.filter((answer) => !ask.seen.has(answer))).toEqual([]);
  });
});

function bodyFor(operationId: string): unknown {
  return operationId === 'recoverDeliveries' ? { since: '2026-01-01T00:00:00Z' } : {};
}
