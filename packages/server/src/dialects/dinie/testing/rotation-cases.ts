import { describe, expect, it } from 'vitest';
import { createOrganization, sendEvent } from '../../testing/native-steps.ts';
import { createEndpoint, type DinieWorld, delivered, isFor, rotate, rotated } from './dinie-world.ts';
import { bodyOf, signersOf } from './receiver.ts';

const SECOND = 1_000;
/** How long traffic runs before the deadline, in real time. */
const APPROACH_MS = 200;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A change is decided for a moment a little ahead. */
const LEAD_MS_MAX = 1_500;

export function rotationCases(world: DinieWorld): void {
  async function signers(endpoint: { url: string }, secrets: Record<string, string>): Promise<readonly string[]> {
    return signersOf(await delivered(world, endpoint), secrets);
  }

  describe('a rotation', () => {
    it('signs with both secrets for an hour when nothing is said, and then with the new one alone', async () => {
      const endpoint = await createEndpoint(world);
      const a = endpoint.secret;
      expect(await signers(endpoint, { a })).toEqual(['a']);
      const before = world.running.clock.now();
      const { secret: b, expiresAt } = await rotated(world, endpoint.id);
      expect(expiresAt - HOUR).toBeGreaterThanOrEqual(before);
      expect(expiresAt - HOUR).toBeLessThanOrEqual(Math.min(before + LEAD_MS_MAX, world.running.clock.now()));
      expect(await signers(endpoint, { a, b })).toEqual(['b', 'a']);
      world.running.advance(expiresAt - MINUTE - world.running.clock.now());
      expect(await signers(endpoint, { a, b })).toEqual(['b', 'a']);
      world.running.advance(MINUTE);
      expect(await signers(endpoint, { a, b })).toEqual(['b']);
    });

    it('lets the old secret live as long as is said, up to a day', async () => {
      const endpoint = await createEndpoint(world);
      const { expiresAt, secret: b } = await rotated(world, endpoint.id, 86_400);
      world.running.advance(24 * HOUR - MINUTE);
      expect(await signers(endpoint, { a: endpoint.secret, b })).toEqual(['b', 'a']);
      world.running.advance(expiresAt - world.running.clock.now());
      expect(await signers(endpoint, { a: endpoint.secret, b })).toEqual(['b']);
    });

    it('with 0 ends the old secret, and everything older, at once', async () => {
      const endpoint = await createEndpoint(world);
      const { secret: b } = await rotated(world, endpoint.id);
      const before = world.running.clock.now();
      const { secret: c, expiresAt } = await rotated(world, endpoint.id, 0);
      expect(expiresAt).toBeGreaterThanOrEqual(before);
      expect(expiresAt).toBeLessThanOrEqual(world.running.clock.now());
      expect(await signers(endpoint, { a: endpoint.secret, b, c })).toEqual(['c']);
    });

    it('inside a window adds a third secret, and each old one keeps its own deadline', async () => {
      const endpoint = await createEndpoint(world);
      const secrets: Record<string, string> = { a: endpoint.secret };
      secrets['b'] = (await rotated(world, endpoint.id, 7_200)).secret;
      expect(await signers(endpoint, secrets)).toEqual(['b', 'a']);
      secrets['c'] = (await rotated(world, endpoint.id, 600)).secret;
      expect(await signers(endpoint, secrets)).toEqual(['c', 'b', 'a']);
      world.running.advance(10 * MINUTE);
      expect(await signers(endpoint, secrets)).toEqual(['c', 'a']);
      world.running.advance(2 * HOUR);
      expect(await signers(endpoint, secrets)).toEqual(['c']);
    });

    it('again and again keeps ten secrets at most: the oldest retiring one ends', async () => {
      const endpoint = await createEndpoint(world);
      const secrets: Record<string, string> = { s0: endpoint.secret };
      for (let n = 1; n <= 11; n += 1) secrets[`s${n}`] = (await rotated(world, endpoint.id, 86_400)).secret;
      const newestFirst = Array.from({ length: 10 }, (_, n) => `s${11 - n}`);
      expect(await signers(endpoint, secrets)).toEqual(newestFirst);
    });

    it('beside another one loses neither secret', async () => {
      const endpoint = await createEndpoint(world);
      const [b, c] = await Promise.all([rotated(world, endpoint.id), rotated(world, endpoint.id)]);
      const found = await signers(endpoint, { a: endpoint.secret, b: b.secret, c: c.secret });
      expect(b.secret).not.toBe(c.secret);
      expect(found).toEqual(b.expiresAt < c.expiresAt ? ['c', 'b', 'a'] : ['b', 'c', 'a']);
    });

    it('under traffic changes the signatures at its own moment and at its deadline, to the millisecond', async () => {
      // In an organization of its own, so that nobody else is sent all this.
      const organization = 'traffic';
      await createOrganization(world.running, organization);
      const headers = { 'hookring-organization': organization };
      const url = `${world.running.receiver.url}/traffic`;
      const { json: endpoint } = await world.ask('POST', '/webhooks/endpoints', { json: { url }, headers });
      const send = async (): Promise<string> =>
        (await sendEvent(world.running, { type: 'loan.created', payload: {}, organization })).id;
      const sent: string[] = [];
      const over = new AbortController();
      const traffic = (async () => {
        while (!over.signal.aborted) {
          sent.push(await send());
          await pause();
        }
      })();
      await world.running.receiver.arrived((request) => isFor(endpoint, request), 3);
      const { json } = await rotate(world, endpoint.id, 60, { headers });
      const [b, expiresAt] = [json.secret, Date.parse(json.previous_secret_expires_at)];
      const first = await send();
      await world.running.receiver.arrived((request) => isFor(endpoint, request) && bodyOf(request).id === first);
      world.running.advance(Math.max(0, expiresAt - APPROACH_MS - world.running.clock.now()));
      while (world.running.clock.now() <= expiresAt) await pause();
      const last = await send();
      over.abort();
      await traffic;
      const arrived = await world.running.receiver.arrived((request) => isFor(endpoint, request), sent.length + 2);
      const phases = new Set<string>();
      for (const request of arrived) {
        const { timestamp, id } = bodyOf(request);
        const at = Date.parse(timestamp);
        const phase = at < expiresAt - MINUTE ? 'a' : at < expiresAt ? 'b a' : 'b';
        expect([id, signersOf(request, { a: endpoint.secret, b }).join(' ')]).toEqual([id, phase]);
        if (id === first) expect(phase).not.toBe('a');
        if (id === last) expect(phase).toBe('b');
        phases.add(phase);
      }
      expect([...phases].sort()).toEqual(['a', 'b', 'b a']);
    });

    it('is asked for in the same way at the path of the SDK', async () => {
      const endpoint = await createEndpoint(world);
      const answer = await world.ask('POST', `/webhooks/endpoints/${endpoint.id}/rotate-secret`, {
        json: { expire_current_in: 60 },
        headers: { 'x-idempotency-key': 'from the SDK' },
      });
      expect(Object.keys(answer.json)).toEqual(['id', 'secret', 'previous_secret_expires_at']);
      expect(await signers(endpoint, { a: endpoint.secret, b: answer.json.secret })).toEqual(['b', 'a']);
      const again = await world.ask('POST', `/webhooks/endpoints/${endpoint.id}/rotate-secret`, {
        json: { expire_current_in: 60 },
        headers: { 'x-idempotency-key': 'from the SDK' },
      });
      expect([again.json, again.headers['idempotent-replayed']]).toEqual([answer.json, 'true']);
    });

    it('reads an id with hyphens and answers it without', async () => {
      const endpoint = await createEndpoint(world);
      const hyphens = endpoint.id.replace(/^we_(.{8})(.{4})(.{4})(.{4})(.{12})$/, 'we_$1-$2-$3-$4-$5');
      expect(hyphens).toHaveLength(endpoint.id.length + 4);
      expect((await rotate(world, hyphens)).json.id).toBe(endpoint.id);
    });
  });

  describe('a rotation with an Idempotency-Key', () => {
    it('gives the same secret again for 24 hours, and rotates again after that', async () => {
      const endpoint = await createEndpoint(world);
      const more = { headers: { 'idempotency-key': 'once a day' } };
      const first = await rotate(world, endpoint.id, 3_600, more);
      expect(first.headers['idempotent-replayed']).toBeUndefined();
      world.running.advance(24 * HOUR - MINUTE);
      const again = await rotate(world, endpoint.id, 3_600, more);
      expect([again.status, again.json, again.headers['idempotent-replayed']]).toEqual([200, first.json, 'true']);
      expect(await signers(endpoint, { b: first.json.secret })).toEqual(['b']);
      world.running.advance(MINUTE);
      const later = await rotate(world, endpoint.id, 3_600, more);
      expect([later.status, later.headers['idempotent-replayed']]).toEqual([200, undefined]);
      expect(later.json.secret).not.toBe(first.json.secret);
    });

    it('rotates once when it comes twice at once, and never for another body', async () => {
      const endpoint = await createEndpoint(world);
      const more = { headers: { 'idempotency-key': 'twice' } };
      const answers = await Promise.all([rotate(world, endpoint.id, 60, more), rotate(world, endpoint.id, 60, more)]);
      const [good] = answers.filter(({ status }) => status === 200);
      for (const { status, json } of answers) {
        if (status === 200) expect(json).toEqual(good?.json);
        else expect([status, json.code]).toEqual([409, 'idempotency_key_in_flight']);
      }
      expect(await signers(endpoint, { a: endpoint.secret, b: good?.json.secret })).toEqual(['b', 'a']);
      const other = await rotate(world, endpoint.id, 61, more);
      expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
    });
  });
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
