import { readdirSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';
import { DECISIONS, HASH, newOrganization } from './audit-decisions.ts';
import { createEndpoint, createKey, type NativeWorld } from './native-world.ts';

/** Whatever the modules of the operations export. */
async function operationNames(): Promise<readonly string[]> {
  const folder = new URL('../../operations/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const modules = await Promise.all(
    files.map(async (name) => (await import(new URL(name, folder).href)) as Readonly<Record<string, unknown>>),
  );
  return modules
    .flatMap((module) => Object.values(module))
    .flatMap((value) =>
      typeof value === 'object' && value !== null && 'idempotent' in value && 'name' in value
        ? [String(value.name)]
        : [],
    );
}

async function newest(world: NativeWorld, query = ''): Promise<Json> {
  return (await world.ask('GET', `/audit?all=true&limit=1${query}`)).json.items[0];
}

/** Parts of answers that are shown once. */
function materialIn({ json }: Answer): readonly string[] {
  const found = [json?.token, json?.secret?.value].filter((value) => typeof value === 'string');
  return found;
}

export function auditCases(world: NativeWorld): void {
  const material = new Set([
    'header-material',
    'in-the-url',
    '4711-0815',
    HASH,
    'a token of a customer',
    Buffer.alloc(32, 7).toString('base64'),
  ]);

  describe('the audit log', () => {
    it('has a decision for every operation, and for no other', async () => {
      expect(Object.keys(DECISIONS).sort()).toEqual([...new Set(await operationNames())].sort());
    });

    const deeds = Object.entries(DECISIONS).flatMap(([name, decision]) =>
      typeof decision === 'object' && 'deed' in decision ? [[name, decision.deed] as const] : [],
    );
    it.each(deeds)('tells of %s once: who, what, why and from where, in the same commit', async (_name, prepare) => {
      const deed = await prepare(world);
      const before = await newest(world);
      const applying = vi.spyOn(world.running.store, 'apply');
      const answers: Answer[] = [];
      const wanted = await deed(async (method, path, more) => {
        const headers = { 'user-agent': 'audit', ...more?.headers };
        const answer = await world.ask(method, path, { ...more, headers });
        expect(answer.status).toBeLessThan(300);
        answers.push(answer);
        return answer;
      });
      const commits = applying.mock.calls.map(([commands]) => commands.map(({ kind }) => kind));
      applying.mockRestore();
      for (const answer of answers) for (const text of materialIn(answer)) material.add(text);
      const { items } = (await world.ask('GET', '/audit?all=true&limit=5')).json;
      const fresh = items.slice(
        0,
        items.findIndex((row: Json) => row.id === before.id),
      );
      expect(fresh).toEqual([
        expect.objectContaining({
          ...wanted,
          reason: wanted.reason ?? null,
          actor: 'bootstrap',
          address: '127.0.0.1',
          requestId: answers[0]?.headers['x-request-id'],
        }),
      ]);
      const isSealing = wanted.action.startsWith('master_key.');
      const silent = commits.filter(
        (kinds) =>
          !kinds.includes('audit.append') &&
          kinds.some((kind) => kind !== 'idempotency.insert' && kind !== 'serviceKey.put') &&
          // Told of by the line ahead of them.
          !(isSealing && kinds.join() === 'endpoint.put'),
      );
      expect([commits.length > 0, silent]).toEqual([true, []]);
    });

    it('says which way the status of an endpoint went, and by whom', async () => {
      const { endpoint } = await createEndpoint(world);
      const path = `/endpoints/${endpoint.id}`;
      const statuses = ['suspended', 'active', 'archived'];
      for (const status of statuses) await world.ask('PATCH', path, { json: { status } });
      const { items } = (await world.ask('GET', `/audit?target=${endpoint.id}`)).json;
      expect(items.map((row: Json) => row.action)).toEqual([
        'endpoint.archived',
        'endpoint.resumed',
        'endpoint.suspended',
        'endpoint.created',
      ]);
    });

    it('names the fields that changed; of a URL it tells where it leads, of a policy what it is now', async () => {
      const { endpoint } = await createEndpoint(world);
      const path = `/endpoints/${endpoint.id}`;
      const url = 'https://hooks.example.net/T000/secret-path?token=in-the-url';
      await world.ask('PATCH', path, { json: { url, description: 'words', rotationPolicy: { maxLive: 4 } } });
      const { detail } = await newest(world, `&target=${endpoint.id}`);
      expect(detail).toEqual({
        fields: expect.any(String),
        origin: 'https://hooks.example.net',
        before: new URL(endpoint.url).origin,
        'rotationPolicy.maxLive': 4,
      });
      expect(detail.fields.split(' ').sort()).toEqual(['description', 'rotationPolicy', 'url']);
    });

    it('has one line of a request that was repeated, and none of one that was refused or changed nothing', async () => {
      const { endpoint } = await createEndpoint(world);
      const path = `/endpoints/${endpoint.id}`;
      for (let round = 0; round < 2; round += 1) {
        await world.ask('POST', `${path}/rotate`, { headers: { 'idempotency-key': `audit-${endpoint.id}` } });
        await world.ask('POST', `${path}/test`, { headers: { 'idempotency-key': `audit-${endpoint.id}` } });
      }
      expect((await world.ask('POST', `${path}/rotate`)).status).toBe(409);
      expect((await world.ask('POST', `${path}/rotate?dryRun=true`, { json: { force: true } })).status).toBe(200);
      expect((await world.ask('PATCH', path, { json: { concurrency: 0 } })).status).toBe(422);
      expect((await world.ask('PATCH', path, { json: { description: endpoint.description } })).status).toBe(200);
      const since = { json: { since: endpoint.createdAt } };
      expect((await world.ask('POST', `${path}/recover`, since)).json.recovered).toBe(0);
      const { items } = (await world.ask('GET', `/audit?target=${endpoint.id}`)).json;
      expect(items.map((row: Json) => row.action)).toEqual(['endpoint.tested', 'secret.rotated', 'endpoint.created']);
      const organization = (await world.ask('GET', '/organizations')).json.items.at(-1);
      const same = { json: { name: organization.name, externalId: organization.externalId } };
      const last = await newest(world);
      const patched = await world.ask('PATCH', `/organizations/${organization.id}`, same);
      expect([patched.json.version, (await newest(world)).id]).toEqual([organization.version, last.id]);
    });

    it('tells a suspension that nobody asked for as one of the system', async () => {
      world.running.receiver.answer = { status: 410 };
      const { endpoint } = await createEndpoint(world, { eventTypes: ['audit.gone'] });
      await world.ask('POST', '/events', { json: { type: 'audit.gone', payload: 1 } });
      await vi.waitFor(async () => {
        expect(await newest(world, `&target=${endpoint.id}`)).toMatchObject({ action: 'endpoint.suspended' });
      });
      expect(await newest(world, `&target=${endpoint.id}`)).toMatchObject({
        actor: 'system',
        reason: 'gone',
        address: null,
        requestId: null,
      });
    });

    it('holds no secret, no token, no payload, and no part of a URL but where it leads', async () => {
      const { secret } = await createEndpoint(world);
      const { token } = await createKey(world, ['events:read']);
      for (const text of [secret.value, token, world.running.bootstrapKey]) material.add(text);
      expect(material.size).toBeGreaterThan(10);
      let text = '';
      let cursor: string | null = null;
      do {
        const page: Answer = await world.ask(
          'GET',
          `/audit?all=true&limit=200${cursor === null ? '' : `&cursor=${cursor}`}`,
        );
        text += page.text;
        cursor = page.json.nextCursor;
      } while (cursor !== null);
      expect(text).toContain('secret.rotated');
      for (const each of material) expect([each, text.includes(each)]).toEqual([each, false]);
      for (const each of material) {
        const bare = each.replace(/^\w+_/, '');
        if (bare.length >= 16) expect([each, text.includes(bare)]).toEqual([each, false]);
      }
      expect(text).not.toContain('secret-path');
    });

    it('is read with filters, newest first, page by page', async () => {
      const { endpoint } = await createEndpoint(world);
      const path = `/endpoints/${endpoint.id}`;
      for (const description of ['a', 'b', 'c']) await world.ask('PATCH', path, { json: { description } });
      const filter = `target=${endpoint.id}&actor=bootstrap&action=endpoint.updated`;
      const ids: string[] = [];
      const times: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer = await world.ask(
          'GET',
          `/audit?${filter}&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`,
        );
        for (const row of page.json.items) {
          ids.push(row.id);
          times.push(row.at);
        }
        cursor = page.json.nextCursor;
      } while (cursor !== null);
      expect([ids.length, new Set(ids).size, times]).toEqual([3, 3, times.toSorted().toReversed()]);
      const [last = '', , first = ''] = times;
      const after = new Date(Date.parse(last) + 1).toISOString();
      const count = async (range: string) => (await world.ask('GET', `/audit?${filter}&${range}`)).json.items.length;
      expect(await count(`since=${first}`)).toBe(3);
      expect(await count(`since=${first}&until=${after}`)).toBe(3);
      expect(await count(`until=${first}`)).toBe(0);
      expect(await count(`since=${after}`)).toBe(0);
    });

    it.each([
      ['action=secret.rotate', '?action'],
      ['action=', '?action'],
      ['since=yesterday', '?since'],
      ['until=2026-02-30T00:00:00Z', '?until'],
      ['all=yes', '?all'],
      ['actor=', '?actor'],
      ['limit=0', '?limit'],
      ['cursor=AAAA', '?cursor'],
    ])('refuses %s', async (query, pointer) => {
      const { status, json } = await world.ask('GET', `/audit?${query}`);
      expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
    });

    it('is open to those with its scope, for their own organization; all of it to operators', async () => {
      const other = await newOrganization(world);
      const headers = { 'hookring-organization': other };
      const { json: made } = await world.ask('POST', '/keys', { json: { scopes: ['audit:read'] }, headers });
      const { token } = made;
      const own = await world.ask('GET', '/audit', { token });
      expect(own.json.items.map((row: Json) => [row.action, row.organizationId])).toEqual([
        ['key.created', other],
        ['organization.created', other],
      ]);
      expect((await world.ask('GET', '/audit', { headers })).json).toEqual(own.json);
      const all = await world.ask('GET', '/audit?all=true', { token });
      expect([all.status, all.json.code]).toEqual([403, 'missing_scope']);
      expect((await world.ask('GET', '/audit?all=false', { token })).json).toEqual(own.json);
      const { endpoint } = await createEndpoint(world);
      expect((await world.ask('GET', `/audit?target=${endpoint.id}`, { token })).json.items).toEqual([]);
      // The cursor of one organization is none of another's.
      const { nextCursor } = (await world.ask('GET', '/audit?limit=1')).json;
      expect((await world.ask('GET', `/audit?cursor=${nextCursor}`, { token })).status).toBe(422);
      const { token: blind } = await createKey(world, ['organization:admin']);
      expect((await world.ask('GET', '/audit', { token: blind })).json.code).toBe('missing_scope');
    });

    it('cannot be changed or deleted over HTTP', async () => {
      const { id } = await newest(world);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await world.ask(method, '/audit');
        expect([method, answer.status, answer.headers['allow']]).toEqual([method, 405, 'GET, HEAD']);
        expect((await world.ask(method, `/audit/${id}`)).status).toBe(404);
      }
    });
  });
}
