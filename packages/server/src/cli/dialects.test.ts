import { mkdtempSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readServerFile, type ServerFile } from '../config/server-file.ts';
import { type Harness, startHarness } from './testing/harness.ts';

/** A server with another dialect at its root, and the commands, which must not notice. */
let harness: Harness;
let cli: Harness['cli'];
let json: Harness['json'];
let server: ServerFile;
beforeAll(async () => {
  harness = await startHarness({ HOOKRING_ROOT_DIALECT: 'moonborn', HOOKRING_GRACE_SECONDS_MAX: '60' });
  ({ cli, json } = harness);
  const found = readServerFile(join(harness.folder, 'data/hookring.db.server.json'));
  if (found === null) throw new Error('the server left no file');
  server = found;
});
afterAll(() => harness.stop());

describe('beside another dialect at the root', () => {
  it('the banner says which API stands where, and its requests work when they are pasted', async () => {
    const banner = harness.server.out();
    expect(banner).toContain(`At its root stands moonborn: ${server.url}/docs\n`);
    expect(banner).toContain(`The native API stands at ${server.url}/hookring/v1\n`);
    const requests = [...banner.matchAll(/curl -sS (\S+) [^\n]*\n.*-d '(\{.*\})'/g)];
    const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
    const statuses = requests.map(
      async ([, url = '', body = '']) => (await fetch(url, { method: 'POST', headers, body })).status,
    );
    expect(await Promise.all(statuses)).toEqual([201, 202]);
  });

  it('commands of this machine find the native API', async () => {
    const { id } = await harness.createEndpoint('/elsewhere', '--events', 'cli.elsewhere');
    expect((await json(['endpoints', 'show', id]))['id']).toBe(id);
    expect((await json(['doctor']))['checks']!.find((check) => check['check'] === 'endpoints')).toMatchObject({
      status: 'ok',
    });
  });

  it('commands of other machines are told where to look, and then find it', async () => {
    const list = ['endpoints', 'list', '--key', server.token];
    const lost = await cli([...list, '--url', server.url]);
    expect([lost.code, lost.out]).toEqual([2, '']);
    expect(lost.err).toContain(`does not stand at ${server.url}/v1`);
    const told = /--url (\S+)/.exec(lost.err)?.[1] ?? '';
    expect(told).toBe(`${server.url}/hookring/v1`);
    expect((await cli([...list, '--url', told])).code).toBe(0);
    expect((await cli(['endpoints', 'list', '--url', `${server.url}/nowhere`, '--key', server.token])).code).toBe(5);
  });

  it('commands work without a server too', async () => {
    const env = {
      HOOKRING_DATABASE_URL: `sqlite:${mkdtempSync(join(harness.folder, 'offline-'))}/h.db`,
      HOOKRING_ROOT_DIALECT: 'moonborn',
    };
    expect((await cli(['orgs', 'list'], { env })).out).toContain('default');
    const { out } = await cli(['dialects'], { env });
    expect(out).toMatch(/^moonborn .* \/docs$/m);
  });
});

describe('dialects', () => {
  it('are listed with their places, tokens, scopes and reference', async () => {
    const { out } = await cli(['dialects']);
    expect(out).toMatch(new RegExp(`^native .* /hookring/v1 .* hk_live_… .* ${server.url}/hookring/v1/docs$`, 'm'));
    expect(out).toMatch(new RegExp(`^moonborn .* / .* mb_live_… .* ${server.url}/docs$`, 'm'));
    expect(out).toMatch(/^dinie .* the native ones /m);
    expect(out).toMatch(/^agentmessage .* webhooks:read, webhooks:write, org:admin:write /m);
    const { items } = await json(['dialects']);
    expect(items).toContainEqual(expect.objectContaining({ name: 'moonborn', prefix: '', host: null }));
    for (const { docs } of items!) {
      const page = await fetch(docs!);
      expect([docs, page.status, page.headers.get('content-type')]).toEqual([
        docs,
        200,
        expect.stringContaining('html'),
      ]);
    }
  });

  it('have their OpenAPI documents printed, wherever they stand', async () => {
    const { items } = await json(['dialects']);
    for (const { name, prefix } of items!) {
      const { paths } = JSON.parse((await cli(['openapi', '--dialect', name!])).out);
      expect([name, Object.keys(paths).every((path) => path.startsWith(`${prefix}/`))]).toEqual([name, true]);
    }
    expect(await json(['openapi'])).toEqual(await json(['openapi', '--dialect', 'native']));
  });

  it('are found behind a proxy that puts the whole server below a path', async () => {
    const proxy = createServer((request, response) => {
      const { method = 'GET', url = '', headers } = request;
      const path = url.replace(/^\/below/, '');
      const onward = httpRequest(new URL(path, server.url), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`; // It listens on a port.
      const there = ['--url', `${origin}/below/hookring/v1`, '--key', server.token];
      expect((await cli(['dialects', ...there])).out).toMatch(new RegExp(`^moonborn .* ${origin}/below/docs$`, 'm'));
      const { out } = await cli(['openapi', '--dialect', 'moonborn', ...there]);
      expect(Object.keys(JSON.parse(out).paths)).toContain('/v1/webhooks');
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  it('are named when one is asked for that is not there', async () => {
    const { code, out, err } = await cli(['openapi', '--dialect', 'moonbron']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/only native, .*moonborn/);
    expect(err).toContain('hint: Did you mean moonborn?');
  });
});

describe("the operator's longest grace", () => {
  it('binds rotations through every API, also of rings whose own policy allows more', async () => {
    const { id } = await harness.createEndpoint('/bound', '--events', 'cli.bound');
    const refused = await cli(['rotate', id, '--grace', '61s']);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toContain('must be a number from 0 to 60');
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ graceSeconds: 61 }),
    };
    const place = `${server.url}/v1/webhooks/${id.replace('ep_', 'whe_')}/rotate_secret`;
    expect((await fetch(place, request)).status).toBe(422);
    const rotated = await json(['rotate', id]);
    const seconds = (Date.parse(rotated['retired']!['expiresAt']!) - Date.parse(rotated['effectiveAt']!)) / 1_000;
    expect(seconds).toBe(60);
  });
});

describe('a root dialect that nobody has', () => {
  it('stops the start and every command with the names that there are', async () => {
    const env = { HOOKRING_ROOT_DIALECT: 'moonbron' };
    const served = await harness.spawn(['serve'], env).ended;
    for (const { code, err } of [served, await cli(['orgs', 'list'], { env })]) {
      expect(code).toBe(2);
      expect(err).toMatch(/HOOKRING_ROOT_DIALECT is "moonbron": .*native, .* Did you mean moonborn\?/);
    }
  });
});
