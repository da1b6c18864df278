import {
  createVerifier,
  nativeWebhooks,
  type SignatureProfile,
  standardWebhooks,
  stripeStyle,
} from '@hookring/signing';
import { describe, expect, it } from 'vitest';
import { type Endpoint, UNTRIED } from '../domain/endpoint.ts';
import { headerSealId } from '../domain/static-header.ts';
import { EndpointState } from './endpoint-state.ts';
import { LoadedRing } from './loaded-ring.ts';
import { signRequest } from './signed-request.ts';
import { World } from './testing/world.ts';

const NOW = 1_893_456_000_999;
const payload = new TextEncoder().encode('{"a": 1}');

/** A request of an endpoint with a ring of two secrets, and what verifies it. */
function requestOf(fields: Partial<Endpoint>, options: { purpose?: 'delivery' | 'test'; contentType?: string } = {}) {
  const world = new World();
  const endpoint = world.endpoint(fields);
  const secrets = [1, 2].map((number) => world.secret(endpoint.id, number, { signsFrom: 0, activatesAt: 0 }));
  const sealedHeaders = endpoint.headers.map(({ name }) => ({
    name,
    sealed: world.vault.seal(`value of ${name}`, endpoint.id, headerSealId(name)),
  }));
  const state = new EndpointState({ ...endpoint, headers: sealedHeaders }, UNTRIED);
  const ring = new LoadedRing({ owner: endpoint.id, version: 7, secrets }, world.vault);
  const event = {
    key: world.ids.next('evt'),
    id: 'order-1',
    type: 'order.paid',
    payload,
    contentType: options.contentType ?? 'application/json',
    occurredAt: NOW - 60_000,
  };
  const signed = signRequest(
    { state, ring, event, deliveryId: 'dlv_1', now: NOW, purpose: options.purpose ?? 'delivery' },
    { vault: world.vault, userAgent: 'Hookring/test', sendDeadlineSeconds: 15 },
  );
  if (signed === null) throw new Error('not signed');
  const pairs: [string, string][] = [];
  const { headers } = signed.request;
  for (let index = 0; index < headers.length; index += 2) pairs.push([headers[index]!, headers[index + 1]!]);
  const texts = secrets.map((secret) => world.texts.get(secret.id) ?? '');
  const verified = texts.map(
    (text) =>
      createVerifier({ profile: endpoint.signatureProfile, secrets: [text] }).verify({
        headers,
        body: signed.request.body,
        now: NOW,
      }).ok,
  );
  return { signed, pairs, names: pairs.map(([name]) => name), secrets, verified, state, ring, world };
}

const custom = stripeStyle('X-Moonborn-Signature');

describe('the whole set of headers of a delivery', () => {
  const cases: readonly (readonly [string, SignatureProfile, readonly string[]])[] = [
    [
      'native',
      nativeWebhooks,
      [
        'content-type',
        'user-agent',
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'webhook-event-type',
        'webhook-key-ids',
      ],
    ],
    [
      'Standard Webhooks alone',
      standardWebhooks,
      ['content-type', 'user-agent', 'webhook-id', 'webhook-timestamp', 'webhook-signature'],
    ],
    ['Moonborn', custom, ['content-type', 'user-agent', 'X-Moonborn-Signature']],
    [
      'AgentMessage',
      stripeStyle('X-AmCore-Signature', { separator: '\n', secretDecoding: 'base64' }),
      ['content-type', 'user-agent', 'X-AmCore-Signature'],
    ],
  ];

  it.each(cases)('%s: exactly these, and each secret verifies', (_name, signatureProfile, expected) => {
    const { names, verified } = requestOf({ signatureProfile });
    expect(names).toEqual(expected);
    expect(verified).toEqual([true, true]);
  });

  it('native: exactly these values', () => {
    const { pairs, secrets } = requestOf({});
    const signature = pairs[4]?.[1] ?? '';
    expect(pairs).toEqual([
      ['content-type', 'application/json'],
      ['user-agent', 'Hookring/test'],
      ['webhook-id', 'order-1'],
      ['webhook-timestamp', '1893456000'],
      ['webhook-signature', signature],
      ['webhook-event-type', 'order.paid'],
      ['webhook-key-ids', `${secrets[0]?.id} ${secrets[1]?.id}`],
    ]);
    expect(signature).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('ends with the endpoint’s own, opened once', () => {
    const { pairs, state, world } = requestOf({ headers: [{ name: 'X-Api-Key', sealed: 'sealed.' }] });
    expect(pairs.at(-1)).toEqual(['X-Api-Key', 'value of X-Api-Key']);
    expect(world.vault.opened).toBe(3);
    expect(state.target?.url.href).toBe(state.endpoint.url);
  });

  it('says so when it is a test', () => {
    const { pairs, signed } = requestOf({}, { purpose: 'test' });
    expect(pairs.at(-1)).toEqual(['webhook-purpose', 'test']);
    expect(signed.request.capture).toBe('always');
  });
});

describe('the body', () => {
  it('is the very bytes of the payload, whatever their type', () => {
    const { signed, pairs } = requestOf({}, { contentType: 'text/csv; header=present' });
    expect(signed.request.body).toBe(payload);
    expect(pairs[0]).toEqual(['content-type', 'text/csv; header=present']);
  });

  it('stands in the endpoint’s envelope untouched, with the time of the attempt, and is signed so', () => {
    const envelope = {
      members: [
        { name: 'id', value: { kind: 'eventId' as const } },
        { name: 'sent', value: { kind: 'timestamp' as const, format: 'unixMilliseconds' as const } },
        { name: 'data', value: { kind: 'payload' as const } },
      ],
    };
    const { signed, verified } = requestOf({ envelope });
    expect(new TextDecoder().decode(signed.request.body)).toBe(`{"id":"order-1","sent":${NOW},"data":{"a": 1}}`);
    expect(verified).toEqual([true, true]);
  });
});

describe('a signer', () => {
  it('is kept as long as ring, endpoint and time allow, and no longer', () => {
    const { state, ring, world, secrets } = requestOf({});
    const parts = {
      state,
      event: { key: world.ids.next('evt'), id: 'a', type: 't', payload, contentType: 'x/y', occurredAt: 0 },
      deliveryId: 'dlv_1',
      purpose: 'delivery' as const,
    };
    const settings = { vault: world.vault, userAgent: 'x', sendDeadlineSeconds: 15 };
    const first = state.signer;
    signRequest({ ...parts, ring, now: NOW + 1 }, settings);
    expect(state.signer).toBe(first);
    const next = new LoadedRing(
      { ...ring.ring, version: 8, secrets: [secrets[0]!, { ...secrets[1]!, signsUntil: NOW + 10 }] },
      world.vault,
    );
    expect(signRequest({ ...parts, ring: next, now: NOW + 9 }, settings)?.keyIds.split(' ')).toHaveLength(2);
    expect(signRequest({ ...parts, ring: next, now: NOW + 10 }, settings)?.keyIds).toBe(secrets[0]!.id);
    // A clock that steps back brings the old set back, too.
    expect(signRequest({ ...parts, ring: next, now: NOW + 9 }, settings)?.keyIds.split(' ')).toHaveLength(2);
    const empty = new LoadedRing({ ...ring.ring, version: 9, secrets: [] }, world.vault);
    expect(signRequest({ ...parts, ring: empty, now: NOW }, settings)).toBeNull();
    expect(world.vault.opened).toBe(4);
  });
});
