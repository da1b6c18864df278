import { afterEach, describe, expect, it } from 'vitest';
import type { Dialect } from './dialect.ts';
import { NATIVE_ROTATION_POLICY } from './public.ts';
import { acmeDialect } from './testing/acme.ts';
import { type CheckedClient, checkedClient, type Json } from './testing/checked-client.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

let running: RunningDialects;
afterEach(async () => {
  expect(running.crashes).toEqual([]);
  await running.stop();
});

async function run(dialect: Dialect, rootDialect = 'native'): Promise<{ ask: CheckedClient; native: CheckedClient }> {
  running = await runDialects([dialect], { rootDialect });
  return { ask: checkedClient(running, dialect), native: checkedClient(running, running.native) };
}

async function madeHook(ask: CheckedClient): Promise<Json> {
  return (await ask('POST', '/hooks', { json: { target: running.receiver.url } })).json.hook;
}

function pathsOf(document: Json): readonly string[] {
  return Object.keys(document.paths);
}

describe('a dialect', () => {
  it.each([
    ['native', '/acme', '/v1'],
    ['acme', '', '/hookring/v1'],
  ])('stands in its place with %s at the root, and its document says so', async (root, prefix, nativePrefix) => {
    await run(acmeDialect(), root);
    const { http } = running;
    for (const [at, path, allow] of [
      [prefix, '/hooks', 'GET, HEAD, POST'],
      [nativePrefix, '/events', 'GET, HEAD, POST'],
    ] as const) {
      expect((await http.inject({ url: `${at}${path}` })).statusCode).toBe(401);
      expect(pathsOf((await http.inject({ url: `${at}/openapi.json` })).json())).toContain(`${at}${path}`);
      const wrong = await http.inject({ method: 'PUT', url: `${at}${path}` });
      expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, allow]);
    }
    expect((await http.inject({ url: `${prefix}/nothing` })).json()).toMatchObject({ oops: 'not_found' });
    expect((await http.inject({ url: `${nativePrefix}/nothing` })).json()).toMatchObject({ code: 'not_found' });
  });

  it('answers for paths of nobody when it has the root, and the native API otherwise', async () => {
    await run(acmeDialect(), 'acme');
    expect((await running.http.inject({ url: '/v1/events' })).json()).toMatchObject({ oops: 'not_found' });
    await running.stop();
    await run(acmeDialect());
    expect((await running.http.inject({ url: '/nobody' })).json()).toMatchObject({ code: 'not_found' });
  });

  it('answers on a host of its own, which leads nowhere else', async () => {
    await run(acmeDialect({ mount: { host: 'hooks.acme.test' } }));
    const on = async (host: string, url: string): Promise<Json> =>
      (await running.http.inject({ url, headers: { host } })).json();
    expect(await on('hooks.acme.test', '/hooks')).toMatchObject({ oops: 'missing_credentials' });
    expect(await on('hooks.acme.test', '/v1/events')).toMatchObject({ oops: 'not_found' });
    expect(await on('other.test', '/hooks')).toMatchObject({ code: 'not_found' });
  });

  it('sends its own headers with every answer', async () => {
    const { ask } = await run(acmeDialect({ headers: { version: '2026' } }));
    for (const [path, status] of [
      ['/hooks', 200],
      ['/nothing', 404],
    ] as const) {
      const answer = await ask('GET', path);
      expect([answer.status, answer.headers['version']]).toEqual([status, '2026']);
    }
  });

  it('reads the idempotency header that it names', async () => {
    const { ask } = await run(acmeDialect({ idempotencyHeaders: ['x-once'] }));
    const json = { target: running.receiver.url };
    const headers = { 'x-once': 'one', 'idempotency-key': 'other' };
    const first = await ask('POST', '/hooks', { json, headers });
    const again = await ask('POST', '/hooks', { json, headers: { 'x-once': 'one' } });
    expect(again.json).toEqual(first.json);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });
});

describe('a dialect that names no header for repeats', () => {
  it('knows none, and documents none', async () => {
    const { ask } = await run(acmeDialect({ idempotencyHeaders: [] }));
    const request = { json: { target: running.receiver.url }, headers: { 'idempotency-key': 'one' } };
    const ids = [
      (await ask('POST', '/hooks', request)).json.hook.id,
      (await ask('POST', '/hooks', request)).json.hook.id,
    ];
    expect(new Set(ids).size).toBe(2);
    const { body } = await running.http.inject({ url: '/acme/openapi.json' });
    expect(body).not.toContain('"name":"Idempotency-Key"');
    expect(body).not.toContain('Idempotent-Replayed');
  });
});

describe('what a dialect says of rotations', () => {
  const strict = { ...NATIVE_ROTATION_POLICY, onOverlap: 'refuse' } as const;
  const { endpointDefaults } = acmeDialect();

  it('holds for rotations through it alone', async () => {
    const { ask, native } = await run(acmeDialect());
    const hook = await madeHook(ask);
    for (const status of [200, 200]) expect((await ask('POST', `/hooks/${hook.id}/renew`)).status).toBe(status);
    const { json } = await native('POST', '/endpoints', { json: { url: running.receiver.url } });
    const renew = async (id: string) => await native('POST', `/endpoints/${id}/rotate`);
    expect([(await renew(json.endpoint.id)).status, (await renew(json.endpoint.id)).status]).toEqual([200, 409]);
  });

  it('is that of the ring when the dialect says so', async () => {
    const dialect = acmeDialect({
      rotationPolicyOf: 'keyring',
      endpointDefaults: { ...endpointDefaults, rotationPolicy: strict },
    });
    const { ask } = await run(dialect);
    const hook = await madeHook(ask);
    const answers = [await ask('POST', `/hooks/${hook.id}/renew`), await ask('POST', `/hooks/${hook.id}/renew`)];
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
  });
});

describe('an archived endpoint', () => {
  it.each(['shown', 'hidden'] as const)('is %s as the dialect says', async (archivedEndpoints) => {
    const { ask, native } = await run(acmeDialect({ archivedEndpoints }));
    const hook = await madeHook(ask);
    const { json } = await native('GET', '/endpoints');
    expect((await native('DELETE', `/endpoints/${json.items[0].id}`)).status).toBe(204);
    const isShown = archivedEndpoints === 'shown';
    expect((await ask('GET', `/hooks/${hook.id}`)).status).toBe(isShown ? 200 : 404);
    expect((await ask('GET', '/hooks')).json.hooks).toHaveLength(isShown ? 1 : 0);
    const renewed = await ask('POST', `/hooks/${hook.id}/renew`);
    expect([renewed.status, renewed.json.oops]).toEqual(isShown ? [409, 'endpoint_archived'] : [404, 'not_found']);
  });
});
