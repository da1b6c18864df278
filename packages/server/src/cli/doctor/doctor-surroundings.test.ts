import { lookup } from 'node:dns/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../config/load.ts';
import { writeServerFile } from '../../config/server-file.ts';
import { HEALTHY } from '../../http/health.ts';
import { DoctorFolder, worst } from '../testing/doctor-folder.ts';
import { checkClock, checkMemory, checkNames, checkNode } from './check-machine.ts';
import { checkPort } from './check-port.ts';
import { checkBacklog, checkDifference } from './check-server.ts';

const MEBIBYTE = 1_048_576;

let here: DoctorFolder;
beforeAll(() => DoctorFolder.makeTemplate());
afterAll(() => DoctorFolder.removeTemplate());
beforeEach(() => {
  here = new DoctorFolder();
});
afterEach(() => here.remove());

describe('doctor sees that the port', () => {
  it('is taken, or is of an address that this machine does not have', async () => {
    const other = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    try {
      expect(worst(await here.doctor({ HOOKRING_PORT: String(port) }), 'port')).toMatchObject({
        status: 'problem',
        detail: `127.0.0.1:${port} is taken by another program`,
      });
    } finally {
      other.close();
    }
    expect(await here.status('port', { HOOKRING_HOST: '203.0.113.9' })).toBe('problem');
    expect(await here.status('port')).toBe('ok');
  });

  it.each([
    [HEALTHY, true],
    ['{"status":"well"}', false],
  ])('is that of a server of Hookring when it answers %s: %s', async (answer, isOurs) => {
    const other = createServer((_request, response) => void response.end(answer)).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const at = { host: '127.0.0.1', port };
    const onPostgres = await checkPort({ ...at, database: { kind: 'postgres', url: '', shown: '' } });
    const onFile = await checkPort({ ...at, database: { kind: 'sqlite', path: here.path } });
    const who = isOurs ? 'another server of Hookring' : 'another program';
    try {
      expect(onPostgres.status).toBe(isOurs ? 'ok' : 'problem');
      expect(onFile).toMatchObject({ status: 'problem', detail: `127.0.0.1:${port} is taken by ${who}` });
    } finally {
      other.close();
    }
  });
});

describe('doctor sees settings that will be regretted', () => {
  it.each<[Environment, string, string]>([
    [{ HOOKRING_ALLOW_PRIVATE: '0.0.0.0/0' }, 'private destinations', 'problem'],
    [{ HOOKRING_ALLOW_PRIVATE: '169.254.169.254/32' }, 'private destinations', 'problem'],
    [{ HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8', HOOKRING_HOST: '0.0.0.0' }, 'private destinations', 'warning'],
    [{ HOOKRING_ALLOW_PRIVATE: '127.0.0.0/8' }, 'private destinations', 'ok'],
    [{}, 'private destinations', 'ok'],
    [{ HOOKRING_ALLOW_HTTP: 'true' }, 'plain http', 'warning'],
    [{ HOOKRING_HOST: '0.0.0.0' }, 'exposure', 'warning'],
    [{ HOOKRING_HOST: '0.0.0.0', HOOKRING_TRUST_PROXY: 'true' }, 'exposure', 'warning'],
    [{ HOOKRING_HOST: '0.0.0.0', HOOKRING_TRUST_PROXY: '10.0.0.0/8' }, 'exposure', 'ok'],
    [{ HOOKRING_TRUST_PROXY: 'true' }, 'exposure', 'ok'],
    [{ HOOKRING_METRICS_ADDRESS: '0.0.0.0:9464' }, 'metrics', 'warning'],
    [{ HOOKRING_RETRY_SCHEDULE: 'none' }, 'retries', 'warning'],
    [{ HOOKRING_RETRY_SCHEDULE: '5,60' }, 'retries', 'warning'],
    [{ HOOKRING_RETRY_SCHEDULE: '604800,604800,604800' }, 'retries', 'warning'],
    [{ HOOKRING_RETENTION_DAYS: '2' }, 'retries', 'warning'],
    [{}, 'retries', 'ok'],
    [{ HOOKRING_HOTS: '0.0.0.0' }, 'configuration', 'warning'],
    [{ HOOKRING_MASTER_KEY: '' }, 'configuration', 'warning'],
    [{ HOOKRING_BOOTSTRAP_KEY: 'short' }, 'configuration', 'problem'],
    [{}, 'configuration', 'ok'],
    [{ UV_THREADPOOL_SIZE: '1' }, 'threads', 'warning'],
    [{ UV_THREADPOOL_SIZE: '16' }, 'threads', 'ok'],
  ])('%j', async (env, check, wanted) => {
    expect(await here.status(check, env)).toBe(wanted);
  });

  it('names what was most likely meant, and shows no secret', async () => {
    const findings = await here.doctor({ HOOKRING_HOTS: 'a', HOOKRING_BOOTSTRAP_KEY: 'my-short-secret' });
    expect(JSON.stringify(findings)).toContain('HOOKRING_HOST');
    expect(JSON.stringify(findings)).not.toContain('my-short-secret');
  });
});

describe('doctor sees that the machine', () => {
  it('has a Node that is too old, a wrong clock, or too little memory', () => {
    expect(checkNode('22.18.0').status).toBe('problem');
    expect(checkNode('24.0.0').status).toBe('ok');
    expect(checkClock(0).status).toBe('problem');
    expect(checkClock(Date.now()).status).toBe('ok');
    expect(checkMemory(128 * MEBIBYTE)[0]?.status).toBe('problem');
    expect(checkMemory(384 * MEBIBYTE)[0]?.status).toBe('warning');
    expect(checkMemory(1_024 * MEBIBYTE)[0]?.status).toBe('ok');
    for (const none of [0, 2 ** 64]) expect(checkMemory(none)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('lets too few files be open', () => {
    expect(worst(here.command({ before: 'ulimit -n 2000' }), 'open files')?.status).toBe('warning');
    expect(worst(here.command({ before: 'ulimit -n 256' }), 'open files')?.status).toBe('problem');
  });

  it('cannot look names up, or that some are gone', async () => {
    expect((await checkNames(['hookring-doctor.invalid'], lookup)).status).toBe('problem');
    expect((await checkNames(['hookring-doctor.invalid', 'localhost'], lookup)).status).toBe('warning');
    expect((await checkNames(['localhost'], lookup)).status).toBe('ok');
    expect((await checkNames([], lookup)).status).toBe('ok');
  });
});

describe('doctor sees of a server', () => {
  it('that it is not ready, and that its clock is another one', async () => {
    here.addDatabase();
    const server = createServer((request, response) => {
      response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
      response.statusCode = request.url === '/readyz' ? 503 : 404;
      response.end('{"reason":"stopping"}');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const file = { url: `http://127.0.0.1:${port}`, nativePrefix: '/v1', token: 't', pid: process.pid };
    writeServerFile(`${here.path}.server.json`, file);
    try {
      const findings = await here.doctor();
      expect(worst(findings, 'server')).toMatchObject({
        status: 'problem',
        detail: expect.stringContaining('stopping'),
      });
      expect(worst(findings, 'server clock')?.status).toBe('warning');
      expect(worst(findings, 'endpoints')?.status).toBe('problem');
    } finally {
      server.close();
    }
    expect(checkDifference(null, 0).status).toBe('ok');
  });

  it('that its backlog is old', () => {
    const page = (age: number): string => `hookring_backlog_deliveries 12\nhookring_oldest_due_age_seconds ${age}\n`;
    expect(checkBacklog(page(10))[0]?.status).toBe('ok');
    expect(checkBacklog(page(3_000))[0]?.status).toBe('warning');
    expect(checkBacklog(page(4_000))[0]?.status).toBe('problem');
    expect(checkBacklog('')).toEqual([]);
  });
});
