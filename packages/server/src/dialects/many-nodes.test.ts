import { nativeWebhooks } from '@hookring/signing';
import { describe, expect, it } from 'vitest';
import { ALL_SCOPES } from '../app/access.ts';
import { createEndpoint, type EndpointDefaults } from '../app/create-endpoint.ts';
import { NATIVE_ROTATION_POLICY } from '../domain/rotation-policy.ts';
import type { Answered, NodeStack } from './testing/node-stacks.ts';
import { withStacks } from './testing/node-stacks.ts';

const TEST_MS = 60_000;
const DEFAULTS: EndpointDefaults = {
  signatureProfile: nativeWebhooks,
  envelope: null,
  retrySchedule: null,
  rotationPolicy: NATIVE_ROTATION_POLICY,
  catalogue: null,
  secretSpelling: 'whsec',
};
const EVENT = { type: 'thing.happened', payload: { n: 1 } };

/** Looks again and again, until it is so. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function ok({ status, body }: Answered): Answered['body'] {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

async function endpointOn(node: NodeStack, fields: object = {}): Promise<{ id: string; secretId: string }> {
  const url = `https://receiver.example/${Math.random().toString(36).slice(2)}`;
  const { endpoint, secret } = ok(await node.ask('POST', '/v1/endpoints', { url, ...fields }));
  return { id: endpoint.id, secretId: secret.id };
}

async function keyOn(node: NodeStack): Promise<{ id: string; token: string }> {
  const made = ok(await node.ask('POST', '/v1/keys', { name: 'k', scopes: ['events:read'] }));
  return { id: made.key.id, token: made.token };
}

/** Does it again and again until the work is done. */
async function meanwhile(what: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  const state = { isOver: false };
  const repeating = (async () => {
    while (!state.isOver) await what();
  })();
  try {
    await work();
  } finally {
    state.isOver = true;
    await repeating;
  }
}

async function rotateOn(node: NodeStack, id: string): Promise<string> {
  const rotated = ok(await node.ask('POST', `/v1/endpoints/${id}/rotate`, { graceSeconds: 0, force: true }));
  return rotated.secret.id;
}

describe('two nodes on one database', () => {
  it(
    'an event sent to one reaches an endpoint whose creation the other has just answered',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        await endpointOn(one);
        ok(await two.ask('POST', '/v1/events', EVENT));
        await until(() => two.sender.seen.length === 1);
        for (let round = 2; round < 8; round += 1) {
          await endpointOn(one);
          const before = two.sender.seen.length;
          ok(await two.ask('POST', '/v1/events', EVENT));
          await until(() => two.sender.seen.length === before + round);
        }
      }),
    TEST_MS,
  );

  it(
    'a key that one has revoked opens nothing on the other once that is answered',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        for (let round = 0; round < 3; round += 1) {
          const { id, token } = await keyOn(one);
          const asKey = { authorization: `Bearer ${token}` };
          expect((await two.ask('GET', '/v1/events', undefined, asKey)).status).toBe(200);
          // Used all the time, so that it is in memory there.
          const use = async () => (await two.ask('GET', '/v1/events', undefined, asKey)).status;
          await meanwhile(
            async () => void (await use()),
            async () => void ok(await one.ask('POST', `/v1/keys/${id}/revoke`)),
          );
          expect(await use()).toBe(401);
        }
      }),
    TEST_MS,
  );

  it(
    'an endpoint that one has suspended gets nothing from the other once that is answered',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id } = await endpointOn(one);
        ok(await two.ask('POST', '/v1/events', EVENT));
        await until(() => two.sender.seen.length === 1);
        ok(await one.ask('PATCH', `/v1/endpoints/${id}`, { status: 'suspended' }));
        ok(await two.ask('POST', '/v1/events', EVENT));
        await pause(300);
        expect(two.sender.seen).toHaveLength(1);
      }),
    TEST_MS,
  );

  it(
    'rotations of one ring at once on one of them begin one after the other, and do not wait for each other to be in force',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id, secretId } = await endpointOn(one);
        const rotation = { graceSeconds: 0, force: true };
        const send = async () => {
          ok(await two.ask('POST', '/v1/events', EVENT));
          await pause(2);
        };
        let rotated: { secret: { id: string }; effectiveAt: string }[] = [];
        let from = 0;
        await meanwhile(send, async () => {
          const asked = Array.from({ length: 4 }, () => one.ask('POST', `/v1/endpoints/${id}/rotate`, rotation));
          rotated = (await Promise.all(asked)).map(ok);
          from = two.keysSent.length;
          await pause(100);
        });
        const byTime = rotated.toSorted((a, b) => Date.parse(a.effectiveAt) - Date.parse(b.effectiveAt));
        const times = byTime.map(({ effectiveAt }) => Date.parse(effectiveAt));
        expect(new Set(times).size).toBe(4);
        // One after the other in force would be a second and more apart each.
        expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(2_000);
        expect(new Set(two.keysSent.slice(from))).toEqual(new Set([byTime.at(-1)?.secret.id]));
        const known = new Set([secretId, ...byTime.map(({ secret }) => secret.id)]);
        expect(two.keysSent.filter((key) => !known.has(key))).toEqual([]);
        const { items } = ok(await one.ask('GET', `/v1/endpoints/${id}/secrets`));
        expect(new Set(items.map((item: { id: string }) => item.id))).toEqual(known);
      }),
    TEST_MS,
  );

  it(
    'after a rotation was answered, which takes until then, both sign with the new secret alone',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id, secretId } = await endpointOn(one);
        let old = secretId;
        ok(await two.ask('POST', '/v1/events', EVENT));
        await until(() => two.sender.seen.length === 1);
        for (const rotating of [one, two, one]) {
          let fresh = '';
          let from = 0;
          const send = async () => {
            ok(await two.ask('POST', '/v1/events', EVENT));
            await pause(2);
          };
          const beganAt = performance.now();
          let tookMs = 0;
          await meanwhile(send, async () => {
            fresh = await rotateOn(rotating, id);
            tookMs = performance.now() - beganAt;
            from = two.keysSent.length;
            await pause(100);
          });
          expect(two.keysSent.slice(from).length).toBeGreaterThan(0);
          expect(new Set(two.keysSent.slice(from))).toEqual(new Set([fresh]));
          expect(two.keysSent).toContain(old);
          expect(tookMs).toBeGreaterThan(1_000);
          old = fresh;
        }
      }),
    TEST_MS,
  );

  it(
    'one repeated request that reaches both at once is done once, and answered alike or told to wait',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id } = await endpointOn(one);
        const key = { 'idempotency-key': 'once' };
        const rotate = async (node: NodeStack) =>
          await node.ask('POST', `/v1/endpoints/${id}/rotate`, { graceSeconds: 0, force: true }, key);
        const answers = await Promise.all([rotate(one), rotate(two)]);
        const secrets = new Set(answers.filter(({ status }) => status === 200).map(({ body }) => body.secret.id));
        expect(secrets.size).toBe(1);
        expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
        const { items } = ok(await one.ask('GET', `/v1/endpoints/${id}/secrets`));
        expect(items).toHaveLength(2);
        const send = async (node: NodeStack) =>
          await node.ask('POST', '/v1/events', EVENT, { 'idempotency-key': 'sent' });
        const sent = await Promise.all([send(one), send(two), send(one), send(two)]);
        expect(sent.every(({ status }) => status === 202 || status === 409)).toBe(true);
        expect(new Set(sent.filter(({ status }) => status === 202).map(({ body }) => body.id)).size).toBe(1);
        expect(ok(await two.ask('GET', '/v1/events')).items).toHaveLength(1);
        const other = await two.ask('POST', '/v1/events', { ...EVENT, payload: 2 }, { 'idempotency-key': 'sent' });
        expect(other.body.code).toBe('idempotency_key_reused');
      }),
    TEST_MS,
  );

  it(
    'rotations of one ring on both at once end in some order, and no secret that was handed out is lost',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id } = await endpointOn(one);
        const rotate = async (node: NodeStack) =>
          await node.ask('POST', `/v1/endpoints/${id}/rotate`, { graceSeconds: 3_600, force: true });
        const answers = await Promise.all([one, two, one, two].map(rotate));
        const handedOut = answers.filter(({ status }) => status === 200).map(({ body }) => body.secret.id);
        expect(handedOut.length).toBeGreaterThan(0);
        const { items } = ok(await two.ask('GET', `/v1/endpoints/${id}/secrets`));
        expect(items.map((secret: { id: string }) => secret.id)).toEqual(expect.arrayContaining(handedOut));
        expect(items.filter((secret: { state: string }) => secret.state === 'active')).toHaveLength(1);
      }),
    TEST_MS,
  );

  it(
    'endpoints that are created on both at once do not pass the cap of their organization together',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id } = ok(await one.ask('GET', '/v1/organizations')).items[0];
        const caller = { organizationId: id, actor: 'test', scopes: ALL_SCOPES, requestId: 'test', address: null };
        const create = async ({ app }: NodeStack) =>
          await createEndpoint(
            app,
            caller,
            {
              settings: { url: 'https://receiver.example/' },
              keyring: 'own',
              algorithm: 'hmac-sha256',
              defaults: DEFAULTS,
              cap: { max: 3, of: 'unarchived' },
              archived: 'shown',
            },
            null,
          );
        const outcomes = await Promise.all([one, two, one, two, one, two, one, two].map(create));
        expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(3);
        const codes = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.problem.code]));
        expect(new Set(codes)).toEqual(new Set(['endpoint_limit_reached']));
        expect(ok(await two.ask('GET', '/v1/endpoints')).items).toHaveLength(3);
      }),
    TEST_MS,
  );

  it(
    'a node of the role api accepts and the other one delivers',
    () =>
      withStacks(async ({ open }) => {
        const [api, worker] = [await open({ role: 'api' }), await open()];
        await endpointOn(api);
        ok(await api.ask('POST', '/v1/events', EVENT));
        await until(() => worker.sender.seen.length === 1);
        expect(api.sender.seen).toEqual([]);
      }),
    TEST_MS,
  );
});

/** What is in the memory of `two`, one request each in a while, while `one` rotates. */
async function rotationWhile(
  open: () => Promise<readonly [NodeStack, NodeStack]>,
  trouble: { begin(two: NodeStack): void; end(two: NodeStack): void; sendsMeanwhile: boolean },
): Promise<void> {
  const [one, two] = await open();
  const { id, secretId } = await endpointOn(two, { concurrency: 1 });
  // One request at a time, so that the others wait in the memory of this node, with the ring in memory as well.
  two.sender.script = () => ({ status: 200, afterMs: 200 });
  for (let index = 0; index < 60; index += 1) ok(await two.ask('POST', '/v1/events', EVENT));
  await until(() => two.sender.seen.length >= 2);
  trouble.begin(two);
  const fresh = await rotateOn(one, id);
  const from = two.keysSent.length;
  expect(two.keysSent).toContain(secretId);
  await pause(1_000);
  const meanwhile = two.keysSent.slice(from);
  if (trouble.sendsMeanwhile) expect(meanwhile.length).toBeGreaterThan(0);
  expect(meanwhile.filter((key) => key !== fresh)).toEqual([]);
  trouble.end(two);
  await until(() => two.keysSent.length > from + 3);
  expect(new Set(two.keysSent.slice(from))).toEqual(new Set([fresh]));
}

describe('a node in trouble never signs with a ring that another one has replaced', () => {
  it(
    'when notifications do not reach it',
    () =>
      withStacks(async ({ open }) => {
        await rotationWhile(async () => [await open(), await open({ pooler: 'transaction' })], {
          begin() {},
          end() {},
          sendsMeanwhile: true,
        });
      }),
    TEST_MS,
  );

  it.each([-7, 7])(
    'when its clock is %i minutes off',
    (minutes) =>
      withStacks(async ({ open }) => {
        await rotationWhile(async () => [await open(), await open({ clockWrongMs: minutes * 60_000 })], {
          begin() {},
          end() {},
          sendsMeanwhile: true,
        });
      }),
    TEST_MS,
  );

  it(
    'when it is cut off from the database: it sends nothing, lets nobody in, and goes on by itself afterwards',
    () =>
      withStacks(async ({ open }) => {
        await rotationWhile(async () => [await open(), await open()], {
          begin: (two) => two.line.cut(),
          end: (two) => two.line.mend(),
          sendsMeanwhile: false,
        });
      }),
    TEST_MS,
  );

  it(
    'when its thread is held up',
    () =>
      withStacks(async ({ open }) => {
        await rotationWhile(async () => [await open(), await open()], {
          begin: (two) => two.timers.hold(),
          end: (two) => two.timers.release(),
          sendsMeanwhile: false,
        });
      }),
    TEST_MS,
  );

  it(
    'nor lets anybody in by a key that it cannot know to be good',
    () =>
      withStacks(async ({ open }) => {
        const [one, two] = [await open(), await open()];
        const { id, token } = await keyOn(one);
        const asKey = { authorization: `Bearer ${token}` };
        expect((await two.ask('GET', '/v1/events', undefined, asKey)).status).toBe(200);
        two.line.cut();
        ok(await one.ask('POST', `/v1/keys/${id}/revoke`));
        const refused = await two.ask('GET', '/v1/events', undefined, asKey);
        expect(refused).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
        expect(refused.headers['retry-after']).toBe('1');
        two.line.mend();
        let status = 503;
        while (status === 503) {
          ({ status } = await two.ask('GET', '/v1/events', undefined, asKey));
          await pause(20);
        }
        expect(status).toBe(401);
      }),
    TEST_MS,
  );
});
