import { randomFillSync } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { Attempt } from '../../domain/attempt.ts';
import type { Event } from '../../domain/event.ts';
import { createIdSource } from '../../domain/ids.ts';
import { VirtualTime } from '../../engine/testing/virtual-time.ts';
import type { AcceptedFacts } from './accept-spans.ts';
import type { AttemptedFacts } from './attempt-spans.ts';
import { type Carrier, createTracing, type Tracing } from './create-tracing.ts';
import { decodeTraces, type SeenSpan } from './testing/otlp.ts';
import { createTraceEvents } from './trace-events.ts';
import { traceIdsOf } from './trace-ids.ts';

const NOW = Date.UTC(2030, 0, 1);
const ids = createIdSource({ now: () => NOW, fillRandom: (bytes) => void randomFillSync(bytes) });
const ORGANIZATION = ids.next('org');
const STORED = { kind: 'stored' } as const;

let tracings: Tracing[] = [];
afterEach(async () => {
  await Promise.all(tracings.map((tracing) => tracing.stop()));
  tracings = [];
});

function world(options: { ratio?: number; post?: Carrier['post']; random?: () => number } = {}) {
  const time = new VirtualTime(NOW);
  const bodies: Uint8Array[] = [];
  const faults: unknown[] = [];
  const lines: unknown[] = [];
  const registry = new Registry();
  const log = { warn: (...line: unknown[]) => lines.push(line), info: (...line: unknown[]) => lines.push(line) };
  const tracing = createTracing({
    ratio: options.ratio ?? 1,
    carrier: {
      async post(body) {
        bodies.push(body);
        return (await options.post?.(body)) ?? { kind: 'taken', answer: new Uint8Array(0) };
      },
      destroy: async () => undefined,
    },
    clock: time,
    timers: time,
    random: options.random ?? Math.random,
    version: '9.9.9',
    instanceId: 'instance-1',
    events: createTraceEvents(log as never, registry),
    onFault: (where, error) => faults.push([where, error]),
  });
  tracings.push(tracing);
  const spans = async (): Promise<SeenSpan[]> => {
    await time.advance(1_000);
    return bodies.flatMap(decodeTraces);
  };
  return { tracing, time, faults, lines, registry, spans };
}

function eventOf(changes: Partial<Event> = {}): Event {
  const key = ids.next('evt');
  return {
    key,
    id: key,
    organizationId: ORGANIZATION,
    type: 'invoice.paid',
    payload: new Uint8Array(12),
    contentType: 'application/json',
    occurredAt: NOW,
    createdAt: NOW,
    ...changes,
  };
}

function acceptedOf(count: number): AcceptedFacts[] {
  return Array.from({ length: count }, () => ({ event: eventOf(), deliveries: { length: 2 } }));
}

function liveOf(event: Event, url: string | null): AttemptedFacts {
  const target = url === null ? null : { url: new URL(url) };
  return { event, dueAt: NOW - 40, lane: { state: { endpoint: { organizationId: ORGANIZATION }, target } } };
}

function attemptOf(changes: Partial<Attempt> = {}): Attempt {
  return {
    id: ids.next('att'),
    deliveryId: ids.next('dlv'),
    endpointId: ids.next('ep'),
    number: 1,
    startedAt: NOW,
    responseStatus: 204,
    errorKind: null,
    errorDetail: null,
    keyIds: 'sec_1 sec_2',
    ringVersion: 7,
    phases: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 1.5, totalMs: 2.5 },
    responseHeaders: null,
    responseExcerpt: null,
    ...changes,
  };
}

describe('the trace of an accepted event', () => {
  it('has the acceptance as its root and the commit below it', async () => {
    const { tracing, time, spans } = world();
    const [facts] = acceptedOf(1);
    if (facts === undefined) throw new Error('none');
    const submittedAt = time.monotonic();
    await time.advance(5);
    tracing.committed(3, 2);
    tracing.accepted([facts], [STORED], submittedAt);
    const [accept, commit, ...rest] = await spans();
    const { traceId, acceptSpanId } = traceIdsOf(facts.event.key);
    expect(rest).toEqual([]);
    expect(accept).toMatchObject({ name: 'accept', kind: 'server', traceId, spanId: acceptSpanId, parentSpanId: '' });
    expect(accept?.attributes).toEqual({
      'hookring.organization.id': ORGANIZATION,
      'hookring.event.id': facts.event.id,
      'hookring.event.type': 'invoice.paid',
      'hookring.event.payload_bytes': 12,
      'hookring.event.deliveries': 2,
      'hookring.request.events': 1,
      'hookring.outcome': 'accepted',
    });
    expect(commit).toMatchObject({ name: 'commit', kind: 'internal', traceId, parentSpanId: acceptSpanId });
    expect(commit?.attributes).toEqual({ 'hookring.commit.units': 3, 'hookring.commit.queue_ms': 3 });
    expect((commit?.endNs ?? 0n) - (commit?.startNs ?? 0n)).toBe(5_000_000n);
    expect(accept?.startNs).toBe(BigInt(NOW) * 1_000_000n);
    expect(accept?.resource).toEqual({
      'service.name': 'hookring',
      'service.version': '9.9.9',
      'service.instance.id': 'instance-1',
    });
    // Sampled, and random enough to be sampled by.
    expect((accept?.flags ?? 0) & 0xff).toBe(3);
  });

  it('says nothing of a commit that was not this one', async () => {
    const { tracing, time, spans } = world();
    tracing.committed(3, 2);
    await time.advance(5);
    tracing.accepted(acceptedOf(1), [STORED], time.monotonic());
    expect((await spans())[1]?.attributes).toEqual({});
  });

  it('begins with the request and is linked to the trace of the caller', async () => {
    const { tracing, time, spans } = world();
    const arrivedAt = time.monotonic();
    await time.advance(4);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const request = { arrivedAt, requestId: 'req-1', method: 'POST', route: '/v1/events', traceparent };
    tracing.requests.run(request, () => tracing.accepted(acceptedOf(1), [STORED], time.monotonic()));
    const [accept, commit] = await spans();
    expect(accept?.startNs).toBe(BigInt(NOW) * 1_000_000n);
    expect(commit?.startNs).toBe(BigInt(NOW + 4) * 1_000_000n);
    expect(accept?.links).toEqual([{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }]);
    expect(accept?.traceId).not.toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(accept?.attributes).toMatchObject({
      'hookring.request.id': 'req-1',
      'http.request.method': 'POST',
      'http.route': '/v1/events',
    });
    expect(commit?.links).toEqual([]);
  });

  it('does without a link when the caller’s header is none', async () => {
    const { tracing, time, spans } = world();
    const request = { arrivedAt: 0, requestId: 'r', method: 'POST', route: undefined, traceparent: 'garbage' };
    tracing.requests.run(request, () => tracing.accepted(acceptedOf(1), [STORED], time.monotonic()));
    expect((await spans())[0]?.links).toEqual([]);
  });

  it('shows an event that was sent again in the trace of the first', async () => {
    const { tracing, spans } = world();
    const first = ids.next('evt');
    tracing.accepted(acceptedOf(1), [{ kind: 'duplicate', key: first }], 0);
    const seen = await spans();
    const { traceId, acceptSpanId } = traceIdsOf(first);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ name: 'accept', traceId, parentSpanId: acceptSpanId });
    expect(seen[0]?.spanId).not.toBe(acceptSpanId);
    expect(seen[0]?.attributes).toMatchObject({ 'hookring.outcome': 'duplicate' });
  });

  it('is bounded for a large batch, and what is left out is counted', async () => {
    const { tracing, registry, spans } = world();
    const batch = acceptedOf(1_000);
    tracing.accepted(
      batch,
      Array.from({ length: 1_000 }, () => STORED),
      0,
    );
    expect(await spans()).toHaveLength(200);
    const metrics = await registry.metrics();
    expect(metrics).toContain('hookring_trace_spans_dropped_total{reason="batch_limit"} 1800');
    expect(metrics).toContain('hookring_trace_spans_exported_total 200');
  });

  it('is absent for events that are not sampled', async () => {
    const { tracing, spans } = world({ ratio: 0 });
    tracing.accepted(
      acceptedOf(5),
      Array.from({ length: 5 }, () => STORED),
      0,
    );
    tracing.attempted(liveOf(eventOf(), 'https://a.example'), attemptOf(), { kind: 'succeeded' });
    tracing.acceptRefused({ organizationId: ORGANIZATION, events: 1, reason: 'overloaded' });
    expect(await spans()).toEqual([]);
  });

  it('decides for the acceptance and every attempt of an event alike', async () => {
    const { tracing, spans } = world({ ratio: 0.5 });
    const batch = acceptedOf(60);
    for (const facts of batch) {
      tracing.accepted([facts], [STORED], 0);
      tracing.attempted(liveOf(facts.event, 'https://a.example'), attemptOf(), { kind: 'retry', dueAt: NOW });
      tracing.attempted(liveOf(facts.event, 'https://a.example'), attemptOf({ number: 2 }), { kind: 'succeeded' });
    }
    const byTrace = Map.groupBy(await spans(), ({ traceId }) => traceId);
    expect(byTrace.size).toBeGreaterThan(5);
    expect(byTrace.size).toBeLessThan(55);
    for (const trace of byTrace.values()) {
      expect(trace.map(({ name }) => name)).toEqual(['accept', 'commit', 'attempt', 'attempt']);
    }
  });
});

describe('a refused acceptance', () => {
  it('has a trace of its own', async () => {
    const { tracing, spans } = world();
    tracing.acceptRefused({ organizationId: ORGANIZATION, events: 3, reason: 'overloaded' });
    const [span] = await spans();
    expect(span).toMatchObject({ name: 'accept', parentSpanId: '', failed: true });
    expect(span?.attributes).toEqual({
      'hookring.organization.id': ORGANIZATION,
      'hookring.request.events': 3,
      'hookring.outcome': 'overloaded',
      'error.type': 'overloaded',
    });
  });

  it('is sampled too', async () => {
    const { tracing, spans } = world({ ratio: 0.1, random: () => 0.1 });
    tracing.acceptRefused({ organizationId: ORGANIZATION, events: 3, reason: 'overloaded' });
    expect(await spans()).toEqual([]);
  });
});

describe('an attempt', () => {
  it('says what was asked of whom, with which keys, and how it went', async () => {
    const { tracing, time, spans } = world();
    const event = eventOf();
    const attempt = attemptOf({ phases: { dnsMs: 1, connectMs: 2, tlsMs: 3, firstByteMs: 4.5, totalMs: 12.5 } });
    await time.advance(13);
    tracing.attempted(liveOf(event, 'https://hooks.example:8443/in?token=hunter2#x'), attempt, { kind: 'succeeded' });
    const [span, ...rest] = await spans();
    const { traceId, acceptSpanId } = traceIdsOf(event.key);
    expect(rest).toEqual([]);
    expect(span).toMatchObject({ name: 'attempt', kind: 'client', traceId, parentSpanId: acceptSpanId, failed: false });
    expect(span?.attributes).toEqual({
      'hookring.organization.id': ORGANIZATION,
      'hookring.event.id': event.id,
      'hookring.event.type': 'invoice.paid',
      'hookring.delivery.id': attempt.deliveryId,
      'hookring.endpoint.id': attempt.endpointId,
      'hookring.attempt.id': attempt.id,
      'hookring.attempt.number': 1,
      'hookring.attempt.wait_ms': 40,
      'hookring.attempt.dns_ms': 1,
      'hookring.attempt.connect_ms': 2,
      'hookring.attempt.tls_ms': 3,
      'hookring.attempt.first_byte_ms': 4.5,
      'hookring.outcome': 'succeeded',
      'hookring.keyring.version': 7,
      'hookring.keyring.secret_ids': ['sec_1', 'sec_2'],
      'http.request.method': 'POST',
      'http.response.status_code': 204,
      'server.address': 'hooks.example',
      'server.port': 8443,
    });
    expect((span?.endNs ?? 0n) - (span?.startNs ?? 0n)).toBe(12_500_000n);
    // Within the millisecond in which it was signed.
    expect((span?.startNs ?? 0n) / 1_000_000n).toBe(BigInt(NOW));
  });

  it.each([
    ['https://a.example/', 'a.example', 443],
    ['http://a.example/', 'a.example', 80],
    ['http://[2001:db8::1]:81/', '2001:db8::1', 81],
  ])('names host and port of %s', async (url, address, port) => {
    const { tracing, spans } = world();
    tracing.attempted(liveOf(eventOf(), url), attemptOf(), { kind: 'succeeded' });
    expect((await spans())[0]?.attributes).toMatchObject({ 'server.address': address, 'server.port': port });
  });

  it('that failed says why and when the next one follows', async () => {
    const { tracing, spans } = world();
    const failed = attemptOf({ responseStatus: 503, number: 2 });
    tracing.attempted(liveOf(eventOf(), 'https://a.example'), failed, { kind: 'retry', dueAt: NOW + 5_000 });
    const [span] = await spans();
    expect(span?.failed).toBe(true);
    expect(span?.attributes).toMatchObject({
      'error.type': '503',
      'http.response.status_code': 503,
      'http.request.resend_count': 1,
      'hookring.outcome': 'retry',
    });
    expect(span?.attributes['hookring.attempt.retry_after_ms']).toBeGreaterThan(4_990);
  });

  it('that got no answer names its kind of error, and why the delivery is dead', async () => {
    const { tracing, spans } = world();
    const failed = attemptOf({ responseStatus: null, errorKind: 'timeout', errorDetail: 'No response within 10 ms.' });
    const next = { kind: 'dead', reason: 'retries_exhausted' } as const;
    tracing.attempted(liveOf(eventOf(), 'https://a.example'), failed, next);
    const attributes = (await spans())[0]?.attributes ?? {};
    expect(attributes).toMatchObject({
      'error.type': 'timeout',
      'hookring.outcome': 'dead',
      'hookring.delivery.dead_reason': 'retries_exhausted',
    });
    expect(attributes).not.toHaveProperty('http.response.status_code');
  });

  it('that could not be signed has neither keys nor a host', async () => {
    const { tracing, spans } = world();
    const phases = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: 0 };
    const unsigned = attemptOf({ responseStatus: null, errorKind: 'signing', keyIds: '', ringVersion: 0, phases });
    tracing.attempted(liveOf(eventOf(), null), unsigned, { kind: 'retry', dueAt: NOW });
    const attributes = (await spans())[0]?.attributes ?? {};
    expect(attributes).toMatchObject({ 'error.type': 'signing', 'hookring.keyring.secret_ids': [] });
    expect(attributes).not.toHaveProperty('server.address');
  });

  it('that found its kept connection dead ended when it did, not when the next one did', async () => {
    const { tracing, time, spans } = world();
    await time.advance(500);
    const lost = attemptOf({ responseStatus: null, errorKind: 'reset' });
    tracing.attempted(liveOf(eventOf(), 'https://a.example'), lost, { kind: 'unchanged' });
    expect((await spans())[0]).toMatchObject({
      startNs: BigInt(NOW) * 1_000_000n,
      endNs: BigInt(NOW) * 1_000_000n + 2_500_000n,
    });
  });
});

describe('tracing that goes wrong', () => {
  it('is told and stays away from the engine', async () => {
    const { tracing, faults, spans } = world();
    const broken = { ...eventOf(), key: 'evt_broken' as const };
    expect(() => tracing.accepted([{ event: broken, deliveries: [] }], [STORED], 0)).not.toThrow();
    expect(() => tracing.attempted(liveOf(broken, null), attemptOf(), { kind: 'succeeded' })).not.toThrow();
    expect(faults).toHaveLength(2);
    expect(await spans()).toEqual([]);
  });

  it('counts what the collector took only in part', async () => {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 1, error_message: "no" } }
    const answer = new Uint8Array([0x0a, 0x06, 0x08, 0x01, 0x12, 0x02, 0x6e, 0x6f]);
    const { tracing, registry, spans } = world({ post: async () => ({ kind: 'taken', answer }) });
    tracing.accepted(acceptedOf(1), [STORED], 0);
    await spans();
    const metrics = await registry.metrics();
    expect(metrics).toContain('hookring_trace_spans_exported_total 1');
    expect(metrics).toContain('hookring_trace_spans_dropped_total{reason="refused"} 1');
  });

  it('believes no answer that cannot be read', async () => {
    const answer = new Uint8Array([0xff, 0xff, 0xff, 0xff]);
    const { tracing, registry, faults, spans } = world({ post: async () => ({ kind: 'taken', answer }) });
    tracing.accepted(acceptedOf(1), [STORED], 0);
    await spans();
    expect(await registry.metrics()).toContain('hookring_trace_spans_exported_total 2');
    expect(faults).toEqual([]);
  });

  it('logs once that the collector fails, however often it does, and once that it works again', async () => {
    let isDown = true;
    const { tracing, time, lines } = world({
      post: async () => (isDown ? { kind: 'refused', status: 500 } : { kind: 'taken', answer: new Uint8Array(0) }),
    });
    for (let round = 0; round < 3; round += 1) {
      tracing.accepted(acceptedOf(1), [STORED], 0);
      await time.advance(60_000);
    }
    expect(lines).toHaveLength(1);
    isDown = false;
    tracing.accepted(acceptedOf(1), [STORED], 0);
    await time.advance(60_000);
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).toContain('status 500');
  });
});
