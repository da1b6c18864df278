import { execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { headerRecord, type Receiver, startReceiver } from '@hookring/receiver';
import { verify } from '@hookring/signing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

const MAIN = fileURLToPath(new URL('../packages/server/src/cli/main.ts', import.meta.url));
const BATCH = 20;
const BATCHES_BEFORE = 30;
/** More than a backup copies in one step, so that a signal meets it at work. */
const LARGE_PAYLOAD_CHARACTERS = 200_000;
const ROUNDS_MAX = 10;

let folder: string;
let receiver: Receiver;
let cleanup: (() => Promise<void>)[];
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'hookring-backups-'));
  receiver = await startReceiver({ requestsKeptMax: 100_000 });
  cleanup = [];
});
afterEach(async () => {
  for (const step of cleanup.toReversed()) await step();
  await receiver.stop();
  rmSync(folder, { recursive: true });
});

async function started(...args: Parameters<typeof startServer>): Promise<ServerProcess> {
  const server = await startServer(...args);
  cleanup.push(async () => await server.remove());
  return server;
}

type Keyed = { readonly key: { readonly id: string; readonly organizationId: string } };
type Ended = { readonly code: number; readonly out: string; readonly err: string };

function hookring(server: Pick<ServerProcess, 'databasePath'>, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, HOOKRING_DATABASE_URL: `sqlite:${server.databasePath}` };
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env, cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function createEndpoint(call: Client, name: string): Promise<{ id: string; secret: string }> {
  const { status, json } = await call('POST', '/v1/endpoints', { body: { url: receiver.url(name) } });
  expect(status).toBe(201);
  const { endpoint, secret } = json as unknown as { endpoint: { id: string }; secret: { value: string } };
  return { id: endpoint.id, secret: secret.value };
}

async function sendBatch(call: Client, accepted: Set<string>): Promise<void> {
  const events = Array.from({ length: BATCH }, () => ({ id: crypto.randomUUID(), type: 'backup.test', payload: 1 }));
  const { status } = await call('POST', '/v1/events', { body: { events } });
  if (status === 202) for (const { id } of events) accepted.add(id);
}

/** The ids of events with a delivery in this state. */
async function eventsOwed(call: Client): Promise<Set<string>> {
  const found = new Set<string>();
  for (const status of ['pending', 'in_flight', 'retrying', 'succeeded']) {
    let cursor = '';
    do {
      const { json } = await call('GET', `/v1/deliveries?status=${status}&limit=200${cursor}`);
      const page = json as unknown as { items: { eventId: string }[]; nextCursor: string | null };
      for (const { eventId } of page.items) found.add(eventId);
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
  }
  return found;
}

describe('a backup under load', () => {
  it('restored elsewhere has every event accepted before it began, and signs with the secrets given out before', async () => {
    const server = await started();
    const call = clientOf(server);
    const { id, secret } = await createEndpoint(call, '/a');
    const accepted = new Set<string>();
    const load = { running: true };
    const quietly = async (work: () => Promise<unknown>): Promise<void> => {
      // The kill at the end cuts whatever is under way.
      while (load.running) await work().catch(() => undefined);
    };
    const lanes = [1, 2, 3].map(() => quietly(() => sendBatch(call, accepted)));
    const secrets = [secret];
    const rotations = quietly(async () => {
      const { json } = await call('POST', `/v1/endpoints/${id}/rotate`, { body: { graceSeconds: 3_600, force: true } });
      secrets.push((json as unknown as { secret: { value: string } }).secret.value);
    });
    await eventually(() => accepted.size > BATCHES_BEFORE * BATCH && secrets.length > 3, 20_000);

    const [before, givenOut] = [new Set(accepted), [...secrets]];
    const file = path.join(folder, 'copy.db');
    const made = await hookring(server, 'backup', file, '--json');
    expect([made.code, made.err]).toEqual([0, '']);
    const document = JSON.parse(made.out) as Record<string, Record<string, unknown>>;
    expect(document['contents']?.['masterKeyIds']).toHaveLength(1);
    // Still at work afterwards, and the log is folded in again.
    const countThen = accepted.size;
    await eventually(() => accepted.size > countThen + BATCH);
    await server.kill();
    load.running = false;
    await Promise.all([...lanes, rotations]);

    const other = path.join(folder, 'elsewhere', 'hookring.db');
    const blocked = await hookring({ databasePath: other }, 'restore', file);
    expect([blocked.code, blocked.err.includes('is not at hand'), existsSync(other)]).toEqual([1, true, false]);
    copyFileSync(`${server.databasePath}.master-key`, `${other}.master-key`);
    const restored = await hookring({ databasePath: other }, 'restore', file);
    expect([restored.code, restored.out.split('\n')[0]]).toEqual([0, `restored      ${other}`]);

    const seen = receiver.requests('/a').length;
    const again = await started({ HOOKRING_DATABASE_URL: `sqlite:${other}` });
    const recalled = clientOf({ url: again.url, key: again.key });
    const known = await eventsOwed(recalled);
    expect([...before].filter((event) => !known.has(event))).toEqual([]);
    const { json } = await recalled('POST', '/v1/events', { body: { type: 'backup.after', payload: 1 } });
    const [request] = await receiver.waitFor(
      ({ headers, number }) => number > seen && headers.some(([, value]) => value === String(json['id'])),
    );
    const living = (await recalled('GET', `/v1/endpoints/${id}/secrets`)).json['items'] as unknown as {
      hint: string;
      state: string;
    }[];
    const [active] = living.filter(({ state }) => state === 'active');
    const headers = new Headers(headerRecord(request!));
    // At the moment of the backup the active secret was the newest given out before it, or one given out during it.
    const signers = secrets.filter(
      (text) => verify({ headers, body: request!.body, now: request!.at, secrets: [text] }).ok,
    );
    expect(signers.at(-1)!.slice(-4)).toBe(active!.hint);
    expect(secrets.indexOf(signers.at(-1)!)).toBeGreaterThanOrEqual(givenOut.length - 1);
  }, 60_000);
});

describe('a backup that is ended', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('by %s leaves nothing under its name', async (signal) => {
    const server = await started();
    const call = clientOf(server);
    for (let count = 0; count < 100; count += 1) {
      await call('POST', '/v1/events', { body: { type: 'large', payload: 'x'.repeat(LARGE_PAYLOAD_CHARACTERS) } });
    }
    const file = path.join(folder, 'copy.db');
    const env = { ...process.env, HOOKRING_DATABASE_URL: `sqlite:${server.databasePath}` };
    let code: number | null = 0;
    // One that was done before the signal came is no answer: another is begun.
    for (let round = 0; round < ROUNDS_MAX && code === 0; round += 1) {
      rmSync(file, { force: true });
      const child = spawn(process.execPath, [MAIN, 'backup', file], { env, stdio: 'ignore' });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      await eventually(() => readdirSync(folder).length > 0);
      child.kill(signal);
      code = await ended;
    }
    expect(existsSync(file)).toBe(false);
    if (signal === 'SIGKILL') {
      expect(readdirSync(folder)).not.toEqual([]);
      expect((await hookring(server, 'backup', file)).code).toBe(0);
      expect(readdirSync(folder)).toEqual(['copy.db']);
    } else {
      expect([code, readdirSync(folder)]).toEqual([1, []]);
    }
  });
});

describe('a server that cannot use the database', () => {
  it.each([
    [
      'a newer release wrote it',
      'PRAGMA application_id = 1215262571; PRAGMA user_version = 99',
      /version 99.*newer release/,
    ],
    ['another program wrote it', 'CREATE TABLE notes (body TEXT)', /belongs to another program/],
    ['it is no database', null, /damaged.*restore a backup/],
  ])('ends with one sentence and exit code 1 when %s', async (_name, change, sentence) => {
    const databasePath = path.join(folder, 'hookring.db');
    if (change === null) writeFileSync(databasePath, 'rubbish'.repeat(10_000));
    else {
      const db = new DatabaseSync(databasePath);
      db.exec(change);
      db.close();
    }
    const before = readFileSync(databasePath);
    const { code, err } = await hookring({ databasePath }, 'serve', '--port', '0');
    expect([code, err.split('\n')[0]]).toEqual([1, expect.stringMatching(sentence)]);
    expect(err).not.toContain('at ');
    expect(readFileSync(databasePath).length).toBe(before.length);
  });
});

describe('the commands', () => {
  it('say what is wrong by their exit codes, and refuse while the server runs', async () => {
    const server = await started();
    const file = path.join(folder, 'copy.db');
    expect((await hookring(server, 'backup', file)).code).toBe(0);
    const exists = await hookring(server, 'backup', file, '--json');
    expect([exists.code, JSON.parse(exists.out)]).toMatchObject([2, { error: { code: 'exists' } }]);
    const checked = await hookring(server, 'backup', '--verify', file, '--json');
    expect([checked.code, JSON.parse(checked.out)]).toMatchObject([
      0,
      { verified: true, contents: { organizations: 1 } },
    ]);
    expect((await hookring(server, 'backup', '--verify', path.join(folder, 'none'))).code).toBe(2);
    const own = await hookring(server, 'backup', server.databasePath, '--force');
    expect([own.code, own.err.includes('belongs to the database itself')]).toEqual([2, true]);
    const running = await hookring(server, 'restore', file, '--force', '--json');
    expect([running.code, JSON.parse(running.out)]).toMatchObject([1, { error: { code: 'in_use' } }]);
    const everything = `${exists.out}${checked.out}${own.err}${running.out}`;
    expect(everything).not.toMatch(/whsec_|[A-Za-z0-9+/]{43}=/);

    await server.drain();
    expect((await hookring(server, 'restore', file)).code).toBe(2);
    // What it undid is named with whose it is, as the commands that do it again need it.
    const since = JSON.parse((await hookring(server, 'keys', 'create', '--name', 'since', '--json')).out) as Keyed;
    const forced = await hookring(server, 'restore', file, '--force');
    expect(forced.err).toContain(`${since.key.organizationId}  ${since.key.id}`);
    expect([forced.code, forced.out.includes('.before-restore-'), forced.err.includes('undone')]).toEqual([
      0,
      true,
      true,
    ]);
    expect((await server.restart()).url).toBe(server.url);
  }, 60_000);
});
