import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';

let harness: Harness;
let cli: Harness['cli'];
let json: Harness['json'];
let endpoint: string;
beforeAll(async () => {
  harness = await startHarness();
  ({ cli, json } = harness);
  ({ id: endpoint } = await harness.createEndpoint('/audited'));
  await cli(['rotate', endpoint, '--reason', 'left \u001b[31mthe company']);
  await cli(['endpoints', 'suspend', endpoint]);
  await cli(['endpoints', 'resume', endpoint]);
});
afterAll(() => harness.stop());

describe('hookring audit', () => {
  it('shows who did what, why and from where: the command line is the actor local', async () => {
    const { code, out } = await cli(['audit']);
    const lines = out.trimEnd().split('\n');
    expect([code, lines[0]?.split(/ +/)]).toEqual([0, ['AT', 'ACTOR', 'FROM', 'ACTION', 'TARGET', 'REASON', 'DETAIL']]);
    expect(lines[1]).toMatch(/^\d{4}-[^ ]+Z +local +127\.0\.0\.1 +endpoint\.resumed +ep_\w+ /);
    expect(out).toMatch(/ system +- +organization\.created /);
    // What a caller wrote does not steer the terminal.
    expect(out).toContain('left the company');
    expect(out).not.toContain('\u001b');
  });

  it('filters by actor, action, target and time', async () => {
    const actions = async (...filter: string[]) =>
      (await json(['audit', '--target', endpoint, ...filter]))['items']!.map((row) => row['action']);
    expect(await actions('--action', 'secret.rotated')).toEqual(['secret.rotated']);
    expect(await actions('--actor', 'system')).toEqual([]);
    expect(await actions('--since', '1h', '--actor', 'local')).toHaveLength(4);
    expect(await actions('--until', '1h')).toEqual([]);
    expect(await actions('--since', '2020-01-01', '--until', '2020-01-02')).toEqual([]);
  });

  it('writes the times of its facts as all times are written', async () => {
    const [rotation] = (await json(['audit', '--action', 'secret.rotated']))['items']!;
    expect(rotation!['detail']!['retiredExpiresAt']).toMatch(/^\d{4}-\d\d-\d\dT[0-9:.]+Z$/);
    expect(rotation!['detail']!['force']).toBe(false);
  });

  it('goes on with a cursor, also where a length of time was given, and prints how', async () => {
    const first = await cli(['audit', '--target', endpoint, '--since', '1h', '--limit', '3']);
    const more = /There is more: repeat with (--since \S+Z --cursor \S+)/.exec(first.err)?.[1] ?? '';
    const rest = await json(['audit', '--target', endpoint, ...more.split(' ')]);
    expect(rest['items']!.map((row) => row['action'])).toEqual(['endpoint.created']);
    expect(rest['nextCursor']).toBe(null);
  });

  it('shows every organization to an operator who asks for all', async () => {
    await cli(['orgs', 'create', 'Audited', '--external-id', 'audited']);
    const own = await json(['audit', '--org', 'audited']);
    expect(own['items']!.map((row) => row['action'])).toEqual(['organization.created']);
    expect((await cli(['audit', '--all'])).out).toMatch(/^ORGANIZATION /);
    const all = await json(['audit', '--all', '--action', 'organization.created']);
    expect(all['items']).toHaveLength(2);
    const token = (await cli(['keys', 'create', '--org', 'audited', '--scope', 'audit:read'])).out.trim();
    const url = /http:\/\/\S+/.exec(harness.server.out())?.[0] ?? '';
    const denied = await cli(['audit', '--all', '--url', url], { env: { HOOKRING_API_KEY: token } });
    expect([denied.code, denied.err.includes('operator')]).toEqual([4, true]);
  });

  it('says what to do when nothing is found, and what is wrong with a filter', async () => {
    expect((await cli(['audit', '--target', 'ep_none'])).out).toContain('No such line');
    expect((await cli(['audit', '--action', 'secret.rotate'])).code).toBe(2);
    expect((await cli(['audit', '--since', 'yesterday'])).code).toBe(2);
    expect((await cli(['audit', '--limit', '1000'])).code).toBe(1);
    expect((await cli(['audit', '--cursor', 'AAAA'])).code).toBe(1);
  });

  it('shows what was done while no server ran as done from nowhere', async () => {
    const env = { HOOKRING_DATABASE_URL: `sqlite:${mkdtempSync(join(harness.folder, 'offline-'))}/h.db` };
    expect((await cli(['orgs', 'create', 'Offline'], { env })).code).toBe(0);
    const { items } = await json(['audit', '--all', '--action', 'organization.created'], { env });
    expect(items!.map((row) => [row['actor'], row['address']])).toEqual([
      ['local', null],
      ['system', null],
    ]);
  });
});
