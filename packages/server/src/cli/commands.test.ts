import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verify } from '@hookring/signing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from './testing/harness.ts';

let harness: Harness;
let cli: Harness['cli'];
let json: Harness['json'];
beforeAll(async () => {
  harness = await startHarness();
  ({ cli, json } = harness);
});
afterAll(() => harness.stop());

describe('the commands', () => {
  it('create, show, change and end an endpoint', async () => {
    const { id, secret } = await harness.createEndpoint('/life', '--events', 'invoice.*', '--metadata', 'team=a');
    expect(secret).toMatch(/^whsec_/);
    const shown = await cli(['endpoints', 'show', id]);
    expect(shown.out).toContain('invoice.*');
    expect(shown.out).not.toContain(secret);
    const changed = await json([
      'endpoints',
      'update',
      id,
      '--events',
      '*',
      '--concurrency',
      '3',
      '--description',
      'x',
    ]);
    expect(changed).toMatchObject({ eventTypes: null, concurrency: 3, description: 'x', metadata: { team: 'a' } });
    expect((await cli(['endpoints', 'suspend', id])).out).toBe(`${id} is suspended (manual).\n`);
    expect((await cli(['endpoints', 'resume', id])).out).toBe(`${id} is active.\n`);
    expect(await json(['endpoints', 'archive', id])).toEqual({ id, status: 'archived' });
    const gone = await cli(['endpoints', 'resume', id]);
    expect([gone.code, gone.err.includes('hint: An archived endpoint never comes back')]).toEqual([1, true]);
  });

  it('send an event, byte for byte, and follow it', async () => {
    const { id, secret } = await harness.createEndpoint('/bytes', '--events', 'cli.bytes');
    const payload = '{"amount":1.00, "big":12345678901234567890}';
    const sent = await json(['send', 'cli.bytes', payload, '--id', 'my-event-1']);
    const [request] = await harness.receiver.waitFor(({ path }) => path === '/bytes');
    expect(Buffer.from(request!.body).toString()).toBe(payload);
    const headers = new Headers(request!.headers.map(([name, value]): [string, string] => [name, value]));
    expect(verify({ headers, body: request!.body, now: Date.now(), secrets: [secret] }).ok).toBe(true);
    expect(sent['id']).toBe('my-event-1');
    const list = await json(['deliveries', 'list', '--event', 'my-event-1', '--endpoint', id]);
    expect(list['items']).toHaveLength(1);
    expect((await cli(['events', 'show', 'my-event-1'])).out).toContain('cli.bytes');
    const again = await cli(['deliveries', 'resend', list['items']![0]!['id']!]);
    expect(again.out).toMatch(/^dlv_\w+\n$/);
    await harness.receiver.waitFor(({ path, number }) => path === '/bytes' && number > request!.number);
  });

  it('send from a file, from standard input, and raw', async () => {
    writeFileSync(join(harness.folder, 'event.json'), '{"from":"file"}');
    expect((await cli(['send', 'cli.other', '--file', 'event.json'])).code).toBe(0);
    expect((await cli(['send', 'cli.other'], { stdin: '[1,2]' })).code).toBe(0);
    expect((await cli(['send', 'cli.other', '--raw', '--content-type', 'text/plain'], { stdin: 'plain' })).code).toBe(
      0,
    );
    const events = await json(['events', 'list', '--limit', '3']);
    expect(events['items']!.map((event) => event['contentType'])).toEqual([
      'text/plain',
      'application/json',
      'application/json',
    ]);
    expect((await cli(['send', 'cli.other', '{bad'])).code).toBe(2);
    expect((await cli(['send', 'cli.other', '1', '--file', 'event.json'])).code).toBe(2);
  });

  it('say what a receiver answers to a test, and fail when it is not 2xx', async () => {
    const well = await harness.createEndpoint('/well', '--events', 'cli.none');
    const broken = await harness.createEndpoint('/broken', '--events', 'cli.none');
    expect((await cli(['endpoints', 'test', well.id])).code).toBe(0);
    const failed = await cli(['endpoints', 'test', broken.id]);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/delivered +no\nstatus +500/);
  });

  it('rotate, with the new secret and nothing else on standard output', async () => {
    const { id, secret } = await harness.createEndpoint('/rotated', '--events', 'cli.rotated');
    const plan = await cli(['rotate', id, '--grace', '1h', '--dry-run']);
    expect(plan.out).toContain('new  signs from');
    const rotated = await cli(['rotate', id, '--grace', '1h']);
    expect(rotated.out).toMatch(/^whsec_[A-Za-z0-9+/=]+\n$/);
    expect(rotated.out.trim()).not.toBe(secret);
    expect(rotated.err).toContain('goes on signing beside it until');
    const refused = await cli(['rotate', id]);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toMatch(/hint: .*--force/);
    expect(refused.err).toMatch(/request: \w+/);
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect((await cli(['rotate', id, '--force', '--secret', '-'], { stdin: `${own}\n` })).out.trim()).toBe(own);
    expect((await cli(['rotate', id, '--secret', own])).code).toBe(2);
    const secrets = await json(['secrets', 'list', id]);
    expect(secrets['items']!.map((row) => row['state'])).toEqual(['active', 'retiring', 'expired']);
    expect(JSON.stringify(secrets)).not.toContain(own.slice(6));
    const revoked = await json(['secrets', 'revoke', id, secrets['items']![1]!['id']!]);
    expect(revoked['state']).toBe('revoked');
    const cut = await cli(['rotate', id, '--reason', 'compromise']);
    expect(cut.err).toMatch(/sec_\w+ signs nothing any more\./);
    expect(cut.err).not.toContain('goes on signing');
  });

  it('recover what an endpoint missed', async () => {
    const { id } = await harness.createEndpoint('/broken', '--events', 'cli.lost');
    await json(['send', 'cli.lost', '1']);
    await expect
      .poll(async () => (await json(['deliveries', 'list', '--endpoint', id, '--status', 'dead']))['items']!.length)
      .toBe(1);
    const recovered = await json(['endpoints', 'recover', id, '--since', '1h']);
    expect(recovered['recovered']).toBe(1);
    expect((await cli(['endpoints', 'recover', id])).code).toBe(2);
  });

  it('make keys whose token stands alone on standard output, and revoke them', async () => {
    await json(['orgs', 'create', 'Acme', '--external-id', 'acme']);
    const created = await cli([
      'keys',
      'create',
      '--org',
      'acme',
      '--scope',
      'events:write',
      '--scope',
      'endpoints:read',
    ]);
    expect(created.out).toMatch(/^hk_live_\w+\n$/);
    const url = /running at (\S+)/.exec(harness.server.out())?.[1] ?? '';
    const env = { HOOKRING_URL: url, HOOKRING_API_KEY: created.out.trim() };
    expect((await cli(['send', 'a.b', '1'], { env })).code).toBe(0);
    const denied = await cli(['keys', 'list'], { env });
    expect(denied.code).toBe(4);
    expect(denied.err).toContain('hint: See what a key may do');
    const keys = await json(['keys', 'list', '--org', 'acme']);
    await json(['keys', 'revoke', keys['items']![0]!['id']!, '--org', 'acme']);
    expect((await cli(['send', 'a.b', '1'], { env })).code).toBe(4);
  });

  it('import keys by the hashes of their tokens, which open the API as they are, and again without harm', async () => {
    const { id } = await json(['orgs', 'create', 'Moved', '--external-id', 'moved']);
    const tokens = Array.from({ length: 40 }, (_, index) => `old_live_token_number_${index}`);
    const hashes = tokens.map((token) => createHash('sha256').update(token).digest('hex'));
    writeFileSync(
      join(harness.folder, 'keys.csv'),
      `${hashes[0]?.toUpperCase()},billing\n${hashes.slice(1).join('\n')}\n`,
    );
    const url = /running at (\S+)/.exec(harness.server.out())?.[1] ?? '';
    const env = { HOOKRING_URL: url, HOOKRING_API_KEY: tokens[0] ?? '' };
    expect((await cli(['send', 'a.b', '1'], { env })).code).toBe(4);
    const scopes = ['--scope', 'events:write', '--org', 'moved'];
    expect((await cli(['keys', 'import', 'keys.csv', ...scopes])).out).toBe('40 keys imported.\n');
    expect((await cli(['send', 'a.b', '1'], { env })).code).toBe(0);
    expect((await cli(['keys', 'list'], { env })).code).toBe(4);
    const again = await json(['keys', 'import', '-', ...scopes], { stdin: `${hashes.join('\n')}\n${'c3'.repeat(32)}` });
    expect(again).toEqual({ imported: 1, alreadyImported: 40, otherScopes: 0, failed: [] });
    const wider = ['keys', 'import', 'keys.csv', '--scope', 'endpoints:read', ...scopes];
    const { out, err } = await cli(wider);
    expect(out).toBe('0 keys imported, 40 imported before.\n');
    expect(err.match(/40 keys .* keep their scopes/g)).toHaveLength(1);
    const told = await cli([...wider, '--json']);
    expect(JSON.parse(told.out)).toEqual({ imported: 0, alreadyImported: 40, otherScopes: 40, failed: [] });
    expect(told.err).toMatch(/^warning: 40 keys .*\n$/);
    const keys = await json(['keys', 'list', '--org', 'moved', '--limit', '200']);
    expect(keys['items']).toHaveLength(41);
    expect(keys['items']!.find((key) => key['name'] === 'billing')).toMatchObject({
      organizationId: id,
      hint: 'imported',
      scopes: ['events:write'],
    });
    const elsewhere = await cli(['keys', 'import', 'keys.csv', '--org', 'default']);
    expect([elsewhere.code, elsewhere.out]).toEqual([1, '0 keys imported, 40 refused.\n']);
    expect(elsewhere.err).toContain('line 1: its hash is taken\n');
    expect(elsewhere.err).toContain('… and 20 more');
  });

  it('import nothing when a line cannot be read, and say which', async () => {
    const stdin = `${'d4'.repeat(32)}\nsk_live_a_token\n`;
    const bad = await cli(['keys', 'import', '-', '--org', 'acme'], { stdin });
    expect([bad.code, bad.out]).toEqual([2, '']);
    expect(bad.err).toContain('  - line 2 does not begin with a SHA-256');
    expect(bad.err).not.toContain('sk_live');
    expect((await json(['keys', 'import', '-', '--org', 'acme'], { stdin: 'd4'.repeat(32) }))['imported']).toBe(1);
    expect((await cli(['keys', 'import', 'nowhere.csv'])).err).toContain('cannot read nowhere.csv');
    const scope = await cli(['keys', 'import', '-', '--scope', 'none'], { stdin: 'e5'.repeat(32) });
    expect([scope.code, scope.err.includes('"none", which is no scope: there are')]).toEqual([1, true]);
  });

  it('change the generated master key while the server runs, after which everything still opens', async () => {
    const { id } = await harness.createEndpoint('/resealed', '--events', 'cli.resealed');
    await json(['endpoints', 'test', id]);
    const before = await json(['master-key', 'status']);
    const after = await json(['master-key', 'rotate']);
    expect(after).toMatchObject({ source: 'generated', keyIds: [expect.any(String)] });
    expect(after['keyIds']![0]).not.toBe(before['keyIds']![0]);
    expect(Number(after['resealed'])).toBeGreaterThan(0);
    expect((await cli(['endpoints', 'test', id])).code).toBe(0);
  });

  it('say what to do where there is nothing yet', async () => {
    await json(['orgs', 'create', 'Empty', '--external-id', 'empty']);
    for (const list of ['endpoints', 'events', 'deliveries', 'keys']) {
      const { out, code } = await cli([list, 'list', '--org', 'empty']);
      expect([list, code, out.includes('hookring ')]).toEqual([list, 0, true]);
    }
  });

  it('go through the pages of a list', async () => {
    for (let index = 0; index < 3; index += 1) await json(['send', 'cli.page', String(index)]);
    const first = await cli(['events', 'list', '--limit', '2']);
    const cursor = /--cursor (\S+)/.exec(first.err)?.[1] ?? '';
    const second = await json(['events', 'list', '--limit', '2', '--cursor', cursor]);
    expect(first.out).not.toContain(second['items']![0]!['id']);
  });

  it('print the OpenAPI document of every dialect, or write it to a file', async () => {
    const names = (await json(['dialects']))['items']!.map((item) => item['name'] as string);
    expect(names).toContain('moonborn');
    for (const name of names) {
      const { code, out } = await cli(['openapi', '--dialect', name]);
      expect([name, code, (JSON.parse(out) as { openapi: string }).openapi]).toEqual([name, 0, '3.1.0']);
      expect(await json(['openapi', '--dialect', name, '-o', `${name}.json`])).toEqual({
        file: join(harness.folder, `${name}.json`),
      });
      expect(readFileSync(join(harness.folder, `${name}.json`), 'utf8')).toBe(out);
    }
    expect((await cli(['openapi', '-o', 'no/such/folder.json'])).code).toBe(1);
    expect((await cli(['openapi', '--dialect', 'moonbron'])).err).toContain('Did you mean moonborn?');
  });

  it('find nothing wrong with a healthy server', async () => {
    const report = await json(['doctor']);
    expect(report['ok']).toBe(true);
    expect(report['checks']!.find((check) => check['check'] === 'server')).toMatchObject({ status: 'ok' });
    expect(report['checks']!.find((check) => check['check'] === 'backlog')).toMatchObject({ status: 'ok' });
  });

  it('find a suspended endpoint, whose ever it is', async () => {
    const { id: owner } = await json(['orgs', 'create', 'Quiet', '--external-id', 'quiet']);
    const { id } = await harness.createEndpoint('/quiet', '--org', 'quiet');
    await json(['endpoints', 'suspend', id, '--org', owner as string]);
    const report = await json(['doctor']);
    const found = report['checks']!.find((check) => check['check'] === 'endpoints');
    expect([found!['status'], String(found!['detail']).includes(id)]).toEqual(['warning', true]);
  });
});
