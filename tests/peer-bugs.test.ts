/** Each test is named after a defect that was found in another product, and would fail if this one had it. */
import { readFile } from 'node:fs/promises';
import { headerOf, headerRecord, respond } from '@hookring/receiver';
import { verify } from '@hookring/signing';
import { describe, expect, it } from 'vitest';
import { eventually } from '../testbed/client.ts';
import {
  arrivals,
  call,
  createEndpoint,
  opens,
  path,
  paths,
  receiver,
  rotate,
  send,
  server,
} from './peer-bug-scene.ts';

describe('signing', () => {
  it('signs a retry again, with its own time and the secrets of that time (signed once before the retry loop: better-auth, Verifa)', async () => {
    receiver.script(path, respond(500));
    const { id, secret, type } = await createEndpoint();
    await send(type);
    await arrivals(1);
    const rotated = await rotate(id, { graceSeconds: 0 });
    receiver.script(path, respond(204));
    const [first, second] = await arrivals(2);
    expect(headerOf(first!, 'webhook-id')).toBe(headerOf(second!, 'webhook-id'));
    expect(Number(headerOf(second!, 'webhook-timestamp'))).toBeGreaterThan(
      Number(headerOf(first!, 'webhook-timestamp')),
    );
    expect(opens(first!, secret)).toBe(true);
    expect(opens(second!, rotated.secret)).toBe(true);
    expect(opens(second!, secret)).toBe(false);
  });

  it('signs with the new ring at once on an endpoint that is never idle (stale signer cache: Outpost #1084, Svix)', async () => {
    const { id, secret, type } = await createEndpoint();
    const idle = new AbortController();
    const rotated = { answered: false };
    const sentAfterwards = new Set<string>();
    const traffic = (async () => {
      while (!idle.signal.aborted) {
        const { answered } = rotated;
        const eventId = await send(type);
        if (answered) sentAfterwards.add(eventId);
      }
    })();
    await arrivals(20);
    const answer = await rotate(id, { graceSeconds: 0 });
    rotated.answered = true;
    const later = await eventually(() => {
      const found = receiver
        .requests(path)
        .filter((request) => sentAfterwards.has(headerOf(request, 'webhook-id') ?? ''));
      return found.length >= 50 ? found : null;
    });
    idle.abort();
    await traffic;
    expect(later.every((request) => opens(request, answer.secret))).toBe(true);
    expect(later.some((request) => opens(request, secret))).toBe(false);
  });

  it('stops signing with a retired secret when its grace is over, not hours later (wrong unit in a delayed job: Convoy)', async () => {
    const { id, secret, type } = await createEndpoint();
    const rotated = await rotate(id, { graceSeconds: 2 });
    await send(type);
    const [during] = await arrivals(1);
    expect(opens(during!, secret) && opens(during!, rotated.secret)).toBe(true);
    const end = Date.parse(rotated.retired?.expiresAt ?? '');
    await new Promise((resolve) => {
      setTimeout(resolve, end - Date.now() + 20);
    });
    await send(type);
    const [, after] = await arrivals(2);
    expect(opens(after!, rotated.secret)).toBe(true);
    expect(opens(after!, secret)).toBe(false);
  });

  it('writes only "version,base64" entries joined by single spaces, which every reference verifier can read (Python and C# throw on more)', async () => {
    const { id, type } = await createEndpoint();
    await rotate(id, {});
    await send(type);
    const [request] = await arrivals(1);
    expect(headerOf(request!, 'webhook-signature')).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('puts the new signature first, so that a receiver that reads only the first entry works once it has the new secret (PostHog #61131)', async () => {
    const { id, type } = await createEndpoint();
    const rotated = await rotate(id, {});
    await send(type);
    const [request] = await arrivals(1);
    const [first] = (headerOf(request!, 'webhook-signature') ?? '').split(' ');
    const headers = { ...headerRecord(request!), 'webhook-signature': first ?? '' };
    expect(verify({ secrets: [rotated.secret.value], headers, body: request!.body, now: Date.now() }).ok).toBe(true);
  });

  it('sends exactly the headers of its profile, and the secret in none (X-Github-Encoded-Secret, 2025)', async () => {
    const { secret, type } = await createEndpoint({
      headers: { Authorization: 'Bearer of-the-receiver', 'X-Tenant': 'acme' },
    });
    await send(type);
    const [request] = await arrivals(1);
    const names = request!.headers.map(([name]) => name.toLowerCase());
    expect(names.toSorted()).toEqual(
      [
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
        'webhook-event-type',
        'webhook-id',
        'webhook-key-ids',
        'webhook-signature',
        'webhook-timestamp',
        'x-tenant',
      ].toSorted(),
    );
    const text = JSON.stringify(request!.headers);
    expect(text).not.toContain(secret.value);
    expect(text).not.toContain(secret.value.slice('whsec_'.length));
    expect(headerOf(request!, 'webhook-key-ids')).toBe(secret.id);
  });
});

describe('rotating', () => {
  it('never loses a secret that it handed out when two rotate at once (read, change, write without a version: Svix)', async () => {
    const { id, type } = await createEndpoint();
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => await rotate(id, { force: true, graceSeconds: 60 })),
    );
    const handedOut = answers.filter(({ status }) => status === 200).map(({ secret }) => secret.id);
    expect(handedOut.length).toBeGreaterThan(0);
    const { json } = await call('GET', `/v1/endpoints/${id}/secrets`);
    const listed = (json as unknown as { items: { id: string; state: string }[] }).items;
    for (const secretId of handedOut) expect(listed.map((secret) => secret.id)).toContain(secretId);
    expect(listed.filter(({ state }) => state === 'active')).toHaveLength(1);
    await send(type);
    const [request] = await arrivals(1);
    const active = answers.find(({ secret }) => secret?.id === listed.find(({ state }) => state === 'active')?.id);
    expect(opens(request!, active!.secret)).toBe(true);
  });

  it('refuses a second rotation inside the window instead of dropping the secret in use (Outpost, coss, Everee)', async () => {
    const { id } = await createEndpoint();
    expect((await rotate(id, {})).status).toBe(200);
    const second = await rotate(id, {});
    expect(second.status).toBe(409);
    expect(second.json['code']).toBe('rotation_in_progress');
  });

  it('ends every older secret after a leak, also one that was retiring already (grace 0 cuts only the current one: Svix)', async () => {
    const { id, secret, type } = await createEndpoint();
    const second = await rotate(id, { graceSeconds: 3_600 });
    const third = await rotate(id, { reason: 'compromise' });
    expect(third.status).toBe(200);
    await send(type);
    const [request] = await arrivals(1);
    expect(opens(request!, third.secret)).toBe(true);
    expect(opens(request!, second.secret)).toBe(false);
    expect(opens(request!, secret)).toBe(false);
  });

  it('gives the same secret again when the answer was lost, instead of making another (coss: "roll again")', async () => {
    const { id } = await createEndpoint();
    const headers = { 'idempotency-key': `lost-${id}` };
    const first = await rotate(id, { graceSeconds: 60 }, headers);
    const again = await rotate(id, { graceSeconds: 60 }, headers);
    expect(again.status).toBe(200);
    expect(again.secret).toEqual(first.secret);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await rotate(id, { graceSeconds: 61 }, headers);
    expect(other.status).toBe(422);
    expect(other.json['code']).toBe('idempotency_key_reused');
  });

  it('keeps no secret in clear on disk, nor in the idempotency store (stowleaf #27, adcp #1856)', async () => {
    const headers = { 'idempotency-key': `clear-${paths}` };
    const { id, secret } = await createEndpoint({ headers: { Authorization: 'Bearer sealed-please-0123456789' } });
    const rotated = await rotate(id, { graceSeconds: 60 }, headers);
    const files = [server.databasePath, `${server.databasePath}-wal`];
    const bytes = Buffer.concat(
      await Promise.all(files.map(async (file) => await readFile(file).catch(() => Buffer.alloc(0)))),
    );
    expect(bytes.length).toBeGreaterThan(0);
    for (const { value } of [secret, rotated.secret]) {
      const key = value.slice('whsec_'.length);
      expect(bytes.includes(key), 'base64 of the key').toBe(false);
      expect(bytes.includes(Buffer.from(key, 'base64')), 'bytes of the key').toBe(false);
    }
    expect(bytes.includes('sealed-please-0123456789'), 'static header').toBe(false);
  });

  it('shows a secret once: no read, list, error or log has it again', async () => {
    const { id, secret } = await createEndpoint();
    const rotated = await rotate(id, {});
    const texts = await Promise.all(
      [
        `/v1/endpoints/${id}`,
        '/v1/endpoints?limit=200',
        `/v1/endpoints/${id}/secrets`,
        '/v1/deliveries?limit=200',
        `/v1/endpoints/${id}/attempts`,
        '/metrics',
      ].map(async (url) => (await call('GET', url)).text),
    );
    const imported = await call('POST', `/v1/endpoints/${id}/rotate`, {
      body: { force: true, secret: rotated.secret.value },
    });
    expect(imported.status).toBe(422);
    for (const text of [...texts, imported.text, server.log()]) {
      expect(text).not.toContain(secret.value.slice('whsec_'.length));
      expect(text).not.toContain(rotated.secret.value.slice('whsec_'.length));
    }
  });
});

describe('delivering', () => {
  it('keeps payload bytes as they were sent (re-encoded by Convoy, reordered by Outpost and EmitHQ)', async () => {
    const { type } = await createEndpoint();
    const payload = '{"b":1,  "a":12345678901234567890.10,"__proto__":{"x":1},"\\u00e9":"é","n":1e400}';
    const { status } = await call('POST', '/v1/events', { raw: `{"payload": ${payload} ,"type":"${type}"}` });
    expect(status).toBe(202);
    const [request] = await arrivals(1);
    expect(Buffer.from(request!.body).toString()).toBe(payload);
  });

  it('goes on with the automatic retries after a resend that failed (a failed manual resend cancels them: Svix)', async () => {
    receiver.script(path, respond(500));
    const { id, type } = await createEndpoint();
    await send(type);
    await arrivals(1);
    const { json } = await call('GET', `/v1/deliveries?endpointId=${id}`);
    const [delivery] = (json as unknown as { items: { id: string }[] }).items;
    const resent = await call('POST', `/v1/deliveries/${delivery!.id}/resend`);
    expect(resent.status).toBe(202);
    await arrivals(3);
    receiver.script(path, respond(204));
    await eventually(async () => {
      const page = (await call('GET', `/v1/deliveries?endpointId=${id}&status=succeeded`)).json as unknown as {
        items: unknown[];
      };
      return page.items.length === 2;
    });
  });

  it('shows events that match no endpoint (stored nowhere by Outpost)', async () => {
    const { status, json } = await call('POST', '/v1/events', { body: { type: 'nobody.listens', payload: null } });
    expect(status).toBe(202);
    expect((await call('GET', `/v1/events/${String(json['id'])}`)).status).toBe(200);
  });

  it('sends what was held when an endpoint is resumed, and can suspend it again later (pending retries dropped by Svix)', async () => {
    const { id, type } = await createEndpoint();
    await call('PATCH', `/v1/endpoints/${id}`, { body: { status: 'suspended' } });
    await send(type);
    const held = await call('GET', `/v1/deliveries?endpointId=${id}&status=held`);
    expect((held.json as unknown as { items: unknown[] }).items).toHaveLength(1);
    expect(receiver.requests(path)).toHaveLength(0);
    await call('PATCH', `/v1/endpoints/${id}`, { body: { status: 'active' } });
    await arrivals(1);
  });

  it('reaches an endpoint with an event that is sent right after its creation was answered (30 s cache: Svix #2191)', async () => {
    await send(`case_${paths}.happened`);
    const { type } = await createEndpoint();
    await send(type);
    await arrivals(1);
  });

  it('reads no more of a response than it keeps (an unbounded body is read whole by Svix, EmitHQ and others)', async () => {
    receiver.script(path, { kind: 'endless', status: 500 } as never);
    const { id, type } = await createEndpoint();
    await send(type);
    const attempt = await eventually(async () => {
      const page = (await call('GET', `/v1/endpoints/${id}/attempts`)).json as unknown as {
        items: { responseBody: string }[];
      };
      return page.items[0];
    });
    expect(attempt.responseBody.length).toBeLessThanOrEqual(4_096);
    await call('DELETE', `/v1/endpoints/${id}`);
  });
});

describe('the ledger of keys', () => {
  it('shows every attempt signed by exactly the secrets that signed at its time, through a rotation without grace', async () => {
    const { id, type } = await createEndpoint();
    const idle = new AbortController();
    const traffic = Array.from({ length: 4 }, async () => {
      while (!idle.signal.aborted) await send(type);
    });
    await arrivals(20);
    const windows: { id: string; from: number }[] = [];
    for (let round = 0; round < 3; round += 1) {
      const answer = await rotate(id, { graceSeconds: 0 });
      windows.push({ id: answer.secret.id, from: Date.parse(String(answer.json['effectiveAt'])) });
      await arrivals(receiver.requests(path).length + 20);
    }
    idle.abort();
    await Promise.all(traffic);
    await eventually(async () => {
      const page = await call('GET', `/v1/deliveries?endpointId=${id}&status=pending`);
      return (page.json as unknown as { items: unknown[] }).items.length === 0;
    });
    let cursor: string | null = '';
    let seen = 0;
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = (await call('GET', `/v1/endpoints/${id}/attempts?limit=200${next}`)).json as unknown as {
        items: { startedAt: string; keyIds: string[] }[];
        nextCursor: string | null;
      };
      for (const attempt of page.items) {
        const current = windows.findLast(({ from }) => from <= Date.parse(attempt.startedAt));
        if (current === undefined) continue;
        seen += 1;
        expect(attempt.keyIds, attempt.startedAt).toEqual([current.id]);
      }
      cursor = page.nextCursor;
    }
    expect(seen).toBeGreaterThan(50);
  });
});
