import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readServerFile } from '../config/server-file.ts';
import { BIN, type Harness, said, startHarness } from './testing/harness.ts';

let harness: Harness;
let cli: Harness['cli'];
let json: Harness['json'];
beforeAll(async () => {
  harness = await startHarness();
  ({ cli, json } = harness);
});
afterAll(() => harness.stop());

describe('serve', () => {
  it('shows its address, the first key and a request that works when it is pasted', async () => {
    const banner = harness.server.out();
    const url = /running at (http:\/\/127\.0\.0\.1:\d+)\n/.exec(banner)?.[1] ?? '';
    const key = /\n {2}(hk_live_\w+)\n/.exec(banner)?.[1] ?? '';
    expect(banner).toContain(`export HOOKRING_API_KEY=${key}`);
    const pasted = /'(\{"type".*\})'/.exec(banner)?.[1] ?? '';
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: pasted });
    expect(response.status).toBe(202);
  });

  it('leaves a file for the commands of this machine that others cannot read', () => {
    const path = join(harness.folder, 'data/hookring.db.server.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readServerFile(path)?.pid).toBe(harness.server.child.pid);
  });

  it('refuses a second server on the same database', async () => {
    const { code, err, out } = await harness.spawn(['serve']).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('is in use');
  });

  it('reports all problems of its configuration and ends with the code of usage', async () => {
    const { code, err } = await harness.spawn(['serve', '--retention-days', '0'], {
      HOOKRING_PORT: 'x',
      HOOKRING_MASTER_KEY: 'hunter2',
    }).ended;
    expect(code).toBe(2);
    expect(err).toContain('HOOKRING_PORT is "x"');
    expect(err).toContain('--retention-days is "0"');
    expect(err).toContain('HOOKRING_MASTER_KEY');
    expect(err).not.toContain('hunter2');
  });

  it('starts, drains on a signal that comes twice, and cleans up', async () => {
    const cwd = mkdtempSync(join(harness.folder, 'second-'));
    const second = harness.spawn(['serve', '--json', '--log-level', 'info'], {}, cwd);
    await said(second, '}\n');
    expect(JSON.parse(second.out())).toMatchObject({
      firstKey: expect.stringMatching(/^hk_live_/),
      pid: second.child.pid,
    });
    second.child.kill('SIGINT');
    second.child.kill('SIGINT');
    const { code, err } = await second.ended;
    expect(code).toBe(0);
    expect(err).toContain('server stopped');
    // Every line of standard error is an event of the log.
    for (const line of err.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
    expect(readServerFile(join(cwd, 'data/hookring.db.server.json'))).toBeNull();
  });

  it('stops when the shell that npm put around it is killed', async () => {
    const cwd = mkdtempSync(join(harness.folder, 'npm-'));
    const path = join(cwd, 'data/hookring.db.server.json');
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${BIN}" serve --port 0; true`], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', npm_lifecycle_event: 'start' },
      stdio: 'ignore',
    });
    await expect.poll(() => readServerFile(path), { timeout: 10_000 }).not.toBeNull();
    const pid = readServerFile(path)?.pid ?? 0;
    shell.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('errors', () => {
  it('are one JSON document when JSON was asked for', async () => {
    const { code, out, err } = await cli(['endpoints', 'show', 'ep_01h455vb4pex5vsknk084sn02q', '--json']);
    expect([code, err]).toEqual([5, '']);
    expect(JSON.parse(out).error).toMatchObject({ code: 'not_found', status: 404, requestId: expect.any(String) });
  });

  it('show each row with its pointer', async () => {
    const { err, code } = await cli(['endpoints', 'create', 'ftp://example.com', '--events', 'a b']);
    expect(code).toBe(1);
    expect(err).toContain('  - /url: ');
    expect(err).toContain('  - /eventTypes/0: ');
  });

  it('tell a server that is not there from one that refuses', async () => {
    const { code, err } = await cli(['orgs', 'list', '--url', 'http://127.0.0.1:9', '--key', 'x']);
    expect(code).toBe(3);
    expect(err).toContain('no server answers at http://127.0.0.1:9');
    expect((await cli(['orgs', 'list', '--url', 'nonsense', '--key', 'x'])).code).toBe(2);
  });

  it('tell what is not there from an API that is not there', async () => {
    const { url = '', token = '' } = readServerFile(join(harness.folder, 'data/hookring.db.server.json')) ?? {};
    const show = ['endpoints', 'show', 'ep_01h455vb4pex5vsknk084sn02q', '--key', token];
    for (const address of [url, `${url}/v1`]) expect((await cli([...show, '--url', address])).code).toBe(5);
  });

  it.skipIf(process.platform !== 'linux')('say in a sentence that what was asked for could not be written', () => {
    const script = '"$0" "$1" completion bash > /dev/full';
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, BIN], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'error: standard output cannot be written (ENOSPC)\n']);
  });

  it.each([
    [['endpoint', 'list']],
    [['endpoints', 'list', '--limti', '3']],
    [['rotate']],
    [['rotate', 'ep_1', '--grace', 'long']],
  ])('of usage are code 2: %j', async (args) => {
    const { code, err, out } = await cli(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('--help');
  });
});

describe('help', () => {
  it.each([
    ['send'],
    ['rotate'],
    ['keys create'],
    ['endpoints create'],
    ['endpoints recover'],
    ['serve'],
    ['deliveries list'],
  ])('of %s teaches with an example', async (command) => {
    const { code, out } = await cli([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`hookring ${command.split(' ')[0]}`));
    expect(out).toMatch(/Example|TOKEN=/);
  });

  it('of serve has every setting that has a flag, with its variable', async () => {
    const { out } = await cli(['serve', '--help']);
    const words = out.replace(/\s+/g, ' ');
    for (const name of ['--port <number>', '(HOOKRING_PORT)', '--allow-private <ranges>', '(HOOKRING_RATE_LIMIT)']) {
      expect(words).toContain(name);
    }
    expect(out).not.toContain('master-key');
  });

  it('lists the exit codes that docs/cli.md lists', async () => {
    const { out } = await cli(['--help']);
    const page = readFileSync(fileURLToPath(new URL('../../../../docs/cli.md', import.meta.url)), 'utf8');
    const codes = [...page.matchAll(/^\| (\d) \|/gm)].map((match) => match[1]);
    expect(codes).toEqual(['0', '1', '2', '3', '4', '5']);
    for (const code of codes) expect(out).toMatch(new RegExp(`${code} [a-z]`));
  });
});

describe('without a server', () => {
  it('the same commands work on the database itself', async () => {
    const env = { HOOKRING_DATABASE_URL: `sqlite:${mkdtempSync(join(harness.folder, 'offline-'))}/h.db` };
    expect((await cli(['orgs', 'list'], { env })).out).toContain('default');
    expect((await cli(['keys', 'create'], { env })).out).toMatch(/^hk_live_\w+\n$/);
    expect((await cli(['send', 'a.b', '1'], { env })).err).toContain('it goes out when one starts');
    expect((await cli(['listen'], { env })).code).toBe(2);
  });
});

describe('listen', () => {
  it('registers, verifies and shows deliveries, and archives its endpoint in the end', async () => {
    const listening = harness.spawn(['listen', '--events', 'cli.listened']);
    await said(listening, 'verified by sec_');
    const { id } = await json(['send', 'cli.listened', '{"a":1}']);
    await said(listening, id!);
    listening.child.kill('SIGINT');
    const { code, out, err } = await listening.ended;
    expect(code).toBe(0);
    expect(out).toContain('2 verified, 0 rejected.');
    const endpoint = /ep_\w+/.exec(err)?.[0] ?? '';
    expect((await json(['endpoints', 'show', endpoint]))['status']).toBe('archived');
  });
});
