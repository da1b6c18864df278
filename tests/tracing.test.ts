import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Receiver, type ReceiverOptions, respond, startReceiver } from '@hookring/receiver';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type CollectorMode,
  startCollector,
  type TestCollector,
} from '../packages/server/src/telemetry/tracing/testing/collector.ts';
import type { SeenSpan } from '../packages/server/src/telemetry/tracing/testing/otlp.ts';
import { type Client, clientOf, eventually } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

/** Processes start and stop here, which takes as long as the machine wants. */
const PATIENCE = { timeout: 120_000 };

let cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanup.reverse()) await step();
  cleanup = [];
});

async function receiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const started = await startReceiver(options);
  cleanup.push(async () => await started.stop());
  return started;
}

async function collector(mode: CollectorMode = 'take'): Promise<TestCollector> {
  const started = await startCollector(mode);
  cleanup.push(async () => await started.stop());
  return started;
}

async function server(environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const started = await startServer({ HOOKRING_TRACE_RATIO: '1', ...environment });
  cleanup.push(async () => await started.remove());
  return started;
}

async function endpoint(call: Client, url: string, body: object = {}): Promise<{ id: string; secret: string }> {
  const { status, json } = await call('POST', '/v1/endpoints', { body: { url, ...body } });
  if (status !== 201) throw new Error(`an endpoint was answered ${status}`);
  const made = json as unknown as { endpoint: { id: string }; secret: { value: string } }; // The native API's shape.
  return { id: made.endpoint.id, secret: made.secret.value };
}

function named(spans: readonly SeenSpan[], name: string): SeenSpan[] {
  return spans.filter((span) => span.name === name);
}

function instanceOf(resource: SeenSpan['resource'] | undefined): unknown {
  return resource?.['service.instance.id'];
}

/** Waits until so many attempts were told of. */
async function attempts(from: TestCollector, count: number): Promise<SeenSpan[]> {
  return await eventually(() => {
    const found = named(from.spans, 'attempt');
    return found.length >= count ? found : null;
  }, 60_000);
}

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('a traced server', PATIENCE, () => {
  it('tells the collector of one event from its acceptance to its delivery, and nothing that is secret', async () => {
    const traces = await collector();
    const hooks = await receiver();
    const running = await server({
      HOOKRING_OTLP_ENDPOINT: traces.url,
      HOOKRING_OTLP_HEADERS: 'authorization=Bearer%20collector-token',
    });
    const call = clientOf(running);
    const headers = { 'x-partner': 'header-value-hunter2' };
    const { id, secret } = await endpoint(call, hooks.url('/path-hunter2?token=query-hunter2'), { headers });
    const sent = await call('POST', '/v1/events?debug=1', { body: { type: 'x.y', payload: 1 } });
    expect(sent.status).toBe(422);
    const { status, json } = await call('POST', '/v1/events', {
      body: { id: 'order-17', type: 'order.paid', payload: { card: 'payload-hunter2' } },
      headers: { traceparent: TRACEPARENT, tracestate: 'vendor=state-hunter2', baggage: 'a=baggage-hunter2' },
    });
    expect({ status, id: json['id'] }).toEqual({ status: 202, id: 'order-17' });
    const [attempt] = await attempts(traces, 1);
    const [accept, commit, ...others] = traces.spans.filter((span) => span.name !== 'attempt');
    expect(others).toEqual([]);
    expect(accept).toMatchObject({ name: 'accept', kind: 'server', parentSpanId: '', failed: false });
    expect(commit).toMatchObject({ name: 'commit', traceId: accept?.traceId, parentSpanId: accept?.spanId });
    expect(attempt).toMatchObject({ kind: 'client', traceId: accept?.traceId, parentSpanId: accept?.spanId });
    expect(accept?.links).toEqual([{ traceId: TRACEPARENT.slice(3, 35), spanId: TRACEPARENT.slice(36, 52) }]);
    expect(accept?.attributes).toMatchObject({
      'hookring.event.id': 'order-17',
      'hookring.event.deliveries': 1,
      'http.route': '/v1/events',
    });
    expect(commit?.attributes).toMatchObject({ 'hookring.commit.units': expect.any(Number) });
    expect(attempt?.attributes).toMatchObject({
      'hookring.endpoint.id': id,
      'http.response.status_code': 204,
      'server.address': '127.0.0.1',
      'server.port': hooks.port,
    });
    // Time goes forward: accepted, committed, attempted.
    const [begun, queued, committed, tried, ended] = [
      accept?.startNs ?? 0n,
      commit?.startNs ?? 0n,
      commit?.endNs ?? 0n,
      attempt?.startNs ?? 0n,
      attempt?.endNs ?? 0n,
    ];
    expect(begun <= queued && queued <= committed && tried <= ended).toBe(true);
    expect(tried + 1_000_000n >= committed).toBe(true);

    const told = Buffer.concat(traces.bodies).toString('latin1');
    expect(told).not.toContain('hunter2');
    for (const value of [secret, running.key, 'collector-token', 'Bearer']) expect(told).not.toContain(value);
    expect(traces.headers[0]).toMatchObject({ authorization: 'Bearer collector-token' });
    expect(running.log()).not.toContain('collector-token');
    const [delivered] = hooks.requests();
    const names = delivered?.headers.map(([name]) => name.toLowerCase()) ?? [];
    expect(names).toContain('webhook-id');
    for (const name of ['traceparent', 'tracestate', 'baggage']) expect(names).not.toContain(name);
  });

  it('gives each event of a batch a trace, and each delivery of a fan-out its attempt', async () => {
    const traces = await collector();
    const hooks = await receiver();
    const call = clientOf(await server({ HOOKRING_OTLP_ENDPOINT: traces.url }));
    for (let index = 0; index < 10; index += 1) await endpoint(call, hooks.url(`/${index}`));
    const events = ['a', 'b', 'c'].map((id) => ({ id, type: 'batch.test', payload: null }));
    expect((await call('POST', '/v1/events', { body: { events } })).status).toBe(202);
    await attempts(traces, 30);
    const byTrace = Map.groupBy(traces.spans, ({ traceId }) => traceId);
    expect(byTrace.size).toBe(3);
    const seen = [...byTrace.values()].map((spans) => spans.find(({ name }) => name === 'accept')?.attributes);
    expect(seen.map((attributes) => String(attributes?.['hookring.event.id'])).toSorted()).toEqual(['a', 'b', 'c']);
    for (const spans of byTrace.values()) {
      const [accept] = named(spans, 'accept');
      expect(accept?.attributes).toMatchObject({ 'hookring.event.deliveries': 10, 'hookring.request.events': 3 });
      expect(named(spans, 'commit')).toHaveLength(1);
      const made = named(spans, 'attempt');
      expect(new Set(made.map(({ attributes }) => attributes['hookring.endpoint.id'])).size).toBe(10);
      expect(new Set(made.map(({ spanId }) => spanId)).size).toBe(10);
      expect(made.every(({ parentSpanId }) => parentSpanId === accept?.spanId)).toBe(true);
    }
  });

  it('goes on in the same trace after kill -9, and when the event is sent again by hand', async () => {
    const traces = await collector();
    const hooks = await receiver({ otherwise: respond(500) });
    const schedule = Array.from({ length: 40 }, () => 1).join();
    const first = await server({ HOOKRING_OTLP_ENDPOINT: traces.url, HOOKRING_RETRY_SCHEDULE: schedule });
    await endpoint(clientOf(first), hooks.url('/in'));
    await clientOf(first)('POST', '/v1/events', { body: { id: 'long', type: 'x.y', payload: 1 } });
    const [before] = await attempts(traces, 1);
    const second = await first.restart();
    cleanup.push(async () => await second.remove());
    const retry = await eventually(
      () =>
        named(traces.spans, 'attempt').find(({ resource }) => instanceOf(resource) !== instanceOf(before?.resource)),
      60_000,
    );
    const [accept] = named(traces.spans, 'accept');
    expect(instanceOf(accept?.resource)).toBe(instanceOf(before?.resource));
    for (const attempt of [before, retry]) {
      expect(attempt).toMatchObject({ traceId: accept?.traceId, parentSpanId: accept?.spanId, failed: true });
    }
    const number = Number(retry.attributes['hookring.attempt.number']);
    expect(number).toBeGreaterThan(1);
    expect(retry.attributes['http.request.resend_count']).toBe(number - 1);
    expect(retry.attributes['hookring.delivery.id']).toBe(before?.attributes['hookring.delivery.id']);

    hooks.script('/in', respond(204));
    const deliveryId = String(before?.attributes['hookring.delivery.id']);
    const { status } = await clientOf(second)('POST', `/v1/deliveries/${deliveryId}/resend`);
    expect(status).toBeLessThan(300);
    const resent = await eventually(
      () => named(traces.spans, 'attempt').find((span) => span.attributes['hookring.delivery.id'] !== deliveryId),
      60_000,
    );
    expect(resent).toMatchObject({ traceId: accept?.traceId, parentSpanId: accept?.spanId, failed: false });
    expect(resent.attributes['hookring.attempt.number']).toBe(1);
  });

  it('traces half of the events at a ratio of 0.5, each of them whole, and none at 0', async () => {
    const traces = await collector();
    const hooks = await receiver();
    const half = await server({ HOOKRING_OTLP_ENDPOINT: traces.url, HOOKRING_TRACE_RATIO: '0.5' });
    await endpoint(clientOf(half), hooks.url('/in'));
    const events = Array.from({ length: 100 }, (_, index) => ({ id: `half-${index}`, type: 'x.y', payload: index }));
    await clientOf(half)('POST', '/v1/events', { body: { events } });
    await hooks.waitFor(100, { timeoutMs: 60_000 });
    // A server that stops brings its last spans to the collector.
    expect(await half.drain()).toBe(0);
    const byTrace = Map.groupBy(traces.spans, ({ traceId }) => traceId);
    expect(byTrace.size).toBeGreaterThan(20);
    expect(byTrace.size).toBeLessThan(80);
    for (const spans of byTrace.values()) {
      expect(spans.map(({ name }) => name).toSorted()).toEqual(['accept', 'attempt', 'commit']);
    }

    const none = await half.restart({ HOOKRING_TRACE_RATIO: '0' });
    cleanup.push(async () => await none.remove());
    const told = traces.bodies.length;
    await clientOf(none)('POST', '/v1/events', { body: { id: 'none', type: 'x.y', payload: 1 } });
    await hooks.waitFor(101, { timeoutMs: 60_000 });
    expect(await none.drain()).toBe(0);
    expect(traces.bodies.length).toBe(told);
  });
});

describe('a collector that is no help', PATIENCE, () => {
  it.each<CollectorMode | 'refuse'>(['hang', 'refuse', 500, 'endless'])(
    'neither holds up deliveries nor the end of the server: %s',
    async (mode) => {
      const traces = await collector(mode === 'refuse' ? 'take' : mode);
      if (mode === 'refuse') await traces.stop();
      const hooks = await receiver();
      const running = await server({ HOOKRING_OTLP_ENDPOINT: traces.url });
      const call = clientOf(running);
      await endpoint(call, hooks.url('/in'));
      const events = Array.from({ length: 200 }, (_, index) => ({ id: `e${index}`, type: 'x.y', payload: index }));
      expect((await call('POST', '/v1/events', { body: { events } })).status).toBe(202);
      await hooks.waitFor(200, { timeoutMs: 60_000 });
      if (mode === 500) {
        const metrics = await eventually(async () => {
          const { text } = await call('GET', '/metrics', { key: null });
          return /hookring_trace_spans_dropped_total\{reason="refused"\} [1-9]/.test(text) ? text : null;
        }, 60_000);
        expect(metrics).toContain('hookring_trace_spans_exported_total 0');
      }
      expect(await running.drain()).toBe(0);
      expect(running.log()).not.toContain('"error"');
    },
  );
});

describe('a server without tracing', PATIENCE, () => {
  /** Names every module of a process as it loads, the threads' too. */
  const RECORDER = `
    import { appendFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        appendFileSync(process.env.LOADED_MODULES, url + '\\n');
        return next(url, context);
      },
    });`;

  async function loadedBy(environment: Readonly<Record<string, string>>): Promise<string[]> {
    const folder = await mkdtemp(path.join(tmpdir(), 'hookring-loaded-'));
    cleanup.push(async () => await rm(folder, { recursive: true }));
    const recorder = path.join(folder, 'recorder.mjs');
    const list = path.join(folder, 'modules.txt');
    await writeFile(recorder, RECORDER);
    const running = await server({
      NODE_OPTIONS: `--import=${pathToFileURL(recorder).href}`,
      LOADED_MODULES: list,
      ...environment,
    });
    await clientOf(running)('POST', '/v1/events', { body: { type: 'x.y', payload: 1 } });
    expect(await running.drain()).toBe(0);
    return (await readFile(list, 'utf8')).split('\n');
  }

  // The library of metrics needs the names of the API; that is not for traces.
  const OF_TRACING = /@opentelemetry\/(?!api\/)|telemetry\/tracing\/|collector-client/;

  it('loads nothing that traces need', async () => {
    const loaded = await loadedBy({});
    expect(loaded.some((url) => url.endsWith('/service.ts'))).toBe(true);
    expect(loaded.filter((url) => OF_TRACING.test(url))).toEqual([]);
    const traces = await collector();
    const traced = await loadedBy({ HOOKRING_OTLP_ENDPOINT: traces.url });
    expect(traced.filter((url) => OF_TRACING.test(url)).length).toBeGreaterThan(10);
  });
});
