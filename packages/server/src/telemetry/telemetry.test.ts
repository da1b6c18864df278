import { describe, expect, it } from 'vitest';
import type { AppTelemetry } from '../app/context.ts';
import type { EngineTelemetry } from '../engine/telemetry.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

const SECRETS = {
  bearer: 'Bearer 9f8e7d6c5b4a39281706',
  whsec: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  token: 'hk_live_4fQ7zJ0aW2mN8bX6cV3kL1pR5tY9uH',
  plain: 'correct horse battery staple',
};

function create(level = 'trace'): { telemetry: Telemetry; lines: string[] } {
  const lines: string[] = [];
  const telemetry = createTelemetry({ level, destination: { write: (line) => lines.push(line) } });
  return { telemetry, lines };
}

function fail(): never {
  throw new Error('cannot be read');
}

async function figure(telemetry: Telemetry, series: string): Promise<string | undefined> {
  const text = await telemetry.registry.metrics();
  return text
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);
}

const attempt = {
  deliveryId: 'dlv_01h455vb4pex5vsknk084sn02q',
  endpointId: 'ep_01h455vb4pex5vsknk084sn02q',
  id: 'att_01h455vb4pex5vsknk084sn02q',
  number: 1,
  responseStatus: 200 as number | null,
  errorKind: null as string | null,
  phases: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 40, totalMs: 60 },
};

describe('the log', () => {
  it('writes one JSON object per line with a text level and an ISO time', () => {
    const { telemetry, lines } = create();
    telemetry.log.info({ endpointId: 'ep_1' }, 'endpoint\nchanged');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      message: 'endpoint\nchanged',
      endpointId: 'ep_1',
    });
    expect(JSON.parse(lines[0] ?? '').time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('leaves out what is below its level', () => {
    const { telemetry, lines } = create('warn');
    telemetry.log.info('quiet');
    telemetry.log.warn('loud');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['a header of a request', { request: { headers: { Authorization: SECRETS.bearer, cookie: SECRETS.plain } } }],
    ['a flat list of headers', { rawHeaders: ['host', 'a', 'Authorization', SECRETS.plain] }],
    ['pairs of headers', { headers: [['x-api-key', SECRETS.plain]] }],
    ['a secret field deep inside', { a: { b: { c: [{ clientSecret: SECRETS.plain }] } } }],
    ['a secret that is an object', { secret: { id: 'sec_1', value: SECRETS.plain } }],
    ['a field that is spelled otherwise', { HOOKRING_MASTER_KEY: SECRETS.plain, 'new-password': SECRETS.plain }],
    ['a text in a field of any name', { reason: `moved to ${SECRETS.whsec}` }],
    ['an error message', { error: new Error(`could not use ${SECRETS.token}`) }],
    [
      'the cause and the fields of an error',
      { error: Object.assign(new Error('x', { cause: new Error(SECRETS.whsec) }), { token: SECRETS.plain }) },
    ],
    ['an error under another name', { problem: new Error(SECRETS.bearer) }],
    ['a map', { values: new Map([['password', SECRETS.plain]]) }],
    ['a password in a URL', { url: 'postgres://user:correct%20horse@db/hookring' }],
  ])('never shows %s', (_, fields) => {
    const { telemetry, lines } = create();
    telemetry.log.error(fields, 'something failed');
    const text = lines.join('');
    expect(lines).toHaveLength(1);
    for (const secret of [...Object.values(SECRETS), '9f8e7d6c5b4a39281706', 'correct%20horse']) {
      expect(text).not.toContain(secret);
    }
    expect(text).toContain('[redacted]');
  });

  it('never shows a secret inside the message itself', () => {
    const { telemetry, lines } = create();
    telemetry.log.error(`got ${SECRETS.whsec} with ${SECRETS.bearer}`);
    expect(lines.join('')).toContain('got whsec_[redacted] with Bearer [redacted]');
  });

  it('keeps ids of secrets, which are no secrets', () => {
    const { telemetry, lines } = create();
    telemetry.events.secretRotated({
      owner: 'ep_1',
      secretId: 'sec_2',
      retiredId: 'sec_1',
      actor: 'key_1',
      reason: null,
      requestId: 'r',
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ secretId: 'sec_2', retiredId: 'sec_1' });
  });

  it.each([
    ['frozen', Object.freeze(new Error('it is over')), 'it is over'],
    [
      'with a field that cannot be read',
      Object.defineProperty(new Error('it is over'), 'body', { enumerable: true, get: fail }),
      'unreadable',
    ],
    ['with a toJSON that fails', Object.assign(new Error('it is over'), { body: { toJSON: fail } }), 'it is over'],
  ])('tells of an error that is %s instead of failing itself', (_, error, told) => {
    const { telemetry, lines } = create();
    telemetry.log.error({ error, where: 'here' }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message: 'failed', where: 'here' });
    expect(lines[0]).toContain(told);
  });

  it('does not walk through all that an error holds', () => {
    const { telemetry, lines } = create();
    // Each object leads to every other one, as those of a request that failed do.
    const objects = Array.from({ length: 12 }, (): Record<string, unknown> => ({}));
    for (const one of objects) for (const [index, other] of objects.entries()) one[`to${index}`] = other;
    telemetry.log.error({ error: Object.assign(new Error('it is over'), { request: objects[0] }) }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { message: 'it is over' } });
    expect(lines[0]?.length).toBeLessThan(100_000);
    telemetry.log.error({ list: Array.from({ length: 100_000 }, () => 'x') }, 'failed');
    expect(lines[1]?.length).toBeLessThan(100_000);
  });

  it('survives a value that refers to itself', () => {
    const { telemetry, lines } = create();
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    telemetry.log.info({ circle }, 'round');
    expect(lines).toHaveLength(1);
  });
});

describe('the events', () => {
  it('are what the engine and the use cases tell', () => {
    const { telemetry } = create();
    const engine: EngineTelemetry = telemetry.events;
    const app: AppTelemetry = telemetry.events;
    expect(engine).toBe(app);
  });

  it('count accepted events and where their deliveries went', async () => {
    const { telemetry } = create();
    telemetry.events.eventsAccepted(3, 300, 20);
    telemetry.events.deliveriesCreated(5, 2);
    expect(await figure(telemetry, 'hookring_events_accepted_total')).toBe('3');
    expect(await figure(telemetry, 'hookring_events_accepted_bytes_total')).toBe('300');
    expect(await figure(telemetry, 'hookring_deliveries_created_total{placed="memory"}')).toBe('2');
    expect(await figure(telemetry, 'hookring_deliveries_created_total{placed="store"}')).toBe('3');
  });

  it.each([
    [204, null, 'succeeded', '2xx'],
    [301, null, 'failed', '3xx'],
    [404, null, 'failed', '4xx'],
    [410, null, 'failed', '410'],
    [429, null, 'failed', '429'],
    [503, null, 'failed', '5xx'],
    [null, 'timeout', 'failed', 'timeout'],
    [null, 'a kind of tomorrow', 'failed', 'other'],
    [700, null, 'failed', 'other'],
  ])('put an attempt with status %s and error %s into %s %s', async (status, errorKind, outcome, label) => {
    const { telemetry } = create();
    telemetry.events.attemptFinished({ ...attempt, responseStatus: status, errorKind }, 'evt_1', 0);
    expect(await figure(telemetry, `hookring_attempts_total{outcome="${outcome}",class="${label}"}`)).toBe('1');
  });

  it('put the length of an attempt into cumulative buckets in seconds', async () => {
    const { telemetry } = create();
    telemetry.events.attemptFinished(attempt, 'evt_1', 0);
    telemetry.events.attemptFinished({ ...attempt, phases: { ...attempt.phases, totalMs: 400_000 } }, 'evt_1', 0);
    const name = 'hookring_attempt_duration_seconds';
    expect(await figure(telemetry, `${name}_bucket{le="0.05",outcome="succeeded"}`)).toBe('0');
    expect(await figure(telemetry, `${name}_bucket{le="0.1",outcome="succeeded"}`)).toBe('1');
    expect(await figure(telemetry, `${name}_bucket{le="60",outcome="succeeded"}`)).toBe('1');
    expect(await figure(telemetry, `${name}_bucket{le="+Inf",outcome="succeeded"}`)).toBe('2');
    expect(await figure(telemetry, `${name}_sum{outcome="succeeded"}`)).toBe('400.06');
    expect(await figure(telemetry, `${name}_count{outcome="succeeded"}`)).toBe('2');
    expect(await figure(telemetry, 'hookring_attempt_phase_seconds_count{phase="first_byte"}')).toBe('2');
    expect(await figure(telemetry, 'hookring_attempt_phase_seconds_count{phase="tls"}')).toBe('0');
  });

  it('count statements by connection and name', async () => {
    const { telemetry } = create();
    for (const name of ['accept', 'record', 'accept']) telemetry.events.storeStatement('write', name);
    telemetry.events.storeStatement('read', 'accept');
    const counted = async (connection: string, statement: string): Promise<string | undefined> =>
      await figure(telemetry, `hookring_store_statements_total{connection="${connection}",statement="${statement}"}`);
    expect([
      await counted('write', 'accept'),
      await counted('write', 'record'),
      await counted('read', 'accept'),
    ]).toEqual(['2', '1', '1']);
    // There are some hundred names; if there ever were more they would share one series.
    for (let index = 0; index < 500; index += 1) telemetry.events.storeStatement('control', `made_up_${index}`);
    expect([await counted('control', 'made_up_150'), await counted('control', 'made_up_450')]).toEqual([
      '1',
      undefined,
    ]);
    expect(Number(await counted('control', 'other'))).toBeGreaterThan(250);
  });

  it('never let a label grow without bound', async () => {
    const { telemetry } = create();
    for (let index = 0; index < 500; index += 1)
      telemetry.events.accessRefused({ code: `code_${index}`, requestId: 'r' });
    const text = await telemetry.registry.metrics();
    expect(text.match(/^hookring_access_refused_total\{/gm)?.length).toBeLessThanOrEqual(51);
    expect(await figure(telemetry, 'hookring_access_refused_total{code="other"}')).toBe('450');
  });

  it('write log and metric together when an endpoint is suspended', async () => {
    const { telemetry, lines } = create();
    telemetry.events.endpointSuspended({
      organizationId: 'org_01h455vb4pex5vsknk084sn02q',
      endpointId: 'ep_01h455vb4pex5vsknk084sn02q',
      reason: 'failing',
      consecutiveFailures: 20,
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', reason: 'failing', consecutiveFailures: 20 });
    expect(await figure(telemetry, 'hookring_endpoint_suspensions_total{reason="failing"}')).toBe('1');
  });

  it('stay silent at info for what happens with every event', () => {
    const { telemetry, lines } = create('info');
    telemetry.events.eventsAccepted(1, 1, 1);
    telemetry.events.attemptFinished({ ...attempt, responseStatus: 500 }, 'evt_1', 0);
    telemetry.events.deliveryEnded({ kind: 'succeeded' }, 5);
    telemetry.events.recordBatch(10, 2, 0);
    expect(lines).toEqual([]);
  });
});

const MODE = { lanes: 0, inFlight: 0, waiting: 0 };

describe('the gauges', () => {
  const store = {
    queued: 12,
    oldestDueAt: 31_000,
    dueEndpoints: 2,
    held: 4,
    suspendedEndpoints: [{ reason: 'failing', endpoints: 3 }],
    secrets: { living: 9, ringsInGrace: 1, nextEndAt: 91_000, oldestActiveSince: 1_000 },
  };
  const lanes = {
    modes: { healthy: { lanes: 3, inFlight: 7, waiting: 2 }, erring: MODE, unproven: MODE, failing: MODE },
    single: 1,
    paused: 2,
    behind: 5,
    oldestDueAt: 1_000,
  };
  const sources = {
    engine: () => ({ inFlight: 7, inMemory: 8, inMemoryBytes: 900 }),
    lanes: async () => lanes,
    store: async () => store,
    space: async () => ({ databaseBytes: 4_096, logBytes: 0, diskFreeRatio: 0.5 }),
    queueRoom: () => ({ units: 40, bytes: 5_000 }),
    queueMax: { units: 100, bytes: 6_000 },
    now: () => 61_000,
    version: '1.2.3',
  };

  it('are read at each scrape, each source once', async () => {
    const { telemetry } = create();
    let reads = 0;
    telemetry.observe({
      ...sources,
      store: async () => {
        reads += 1;
        return store;
      },
    });
    const text = await telemetry.registry.metrics();
    expect(text).toContain('hookring_attempts_in_flight 7\n');
    expect(text).toContain('hookring_deliveries_in_memory_bytes 900\n');
    expect(text).toContain('hookring_lanes{state="healthy"} 3\n');
    expect(text).toContain('hookring_lane_deliveries_waiting{state="healthy"} 2\n');
    expect(text).toContain('hookring_lanes_single 1\n');
    expect(text).toContain('hookring_backlog_deliveries 12\n');
    expect(text).toContain('hookring_due_endpoints 5\n');
    expect(text).toContain('hookring_suspended_endpoints{reason="failing"} 3\n');
    expect(text).toContain('hookring_store_queue_units 60\n');
    expect(text).toContain('hookring_store_queue_bytes 1000\n');
    expect(text).toContain('hookring_next_secret_expiry_seconds 30\n');
    expect(text).toContain('hookring_oldest_active_secret_age_seconds 60\n');
    expect(text).toContain('hookring_database_log_bytes 0\n');
    expect(text).toContain(`hookring_build_info{version="1.2.3",node="${process.version}"} 1\n`);
    expect(reads).toBe(1);
    await telemetry.registry.metrics();
    expect(reads).toBe(2);
  });

  it.each([
    ['store', 'lanes'],
    ['lanes', 'store'],
  ] as const)('look once in one scrape also when the %s is slow to answer', async (slow, quick) => {
    const { telemetry } = create();
    let looks = 0;
    telemetry.observe({
      ...sources,
      [slow]: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return sources[slow]();
      },
      [quick]: async () => {
        looks += 1;
        return await sources[quick]();
      },
    });
    expect(await telemetry.registry.metrics()).toContain('hookring_due_endpoints 5\n');
    expect(looks).toBe(1);
  });

  it.each([
    [31_000, 1_000, 60],
    [1_000, 31_000, 60],
    [null, 31_000, 30],
    [31_000, null, 30],
    [null, null, 0],
    [90_000, null, 0],
  ])(
    'count the age of the backlog from the older of the store (%s) and of the lanes (%s)',
    async (inStore, inLanes, age) => {
      const { telemetry } = create();
      telemetry.observe({
        ...sources,
        store: async () => ({ ...store, oldestDueAt: inStore }),
        lanes: async () => ({ ...lanes, oldestDueAt: inLanes }),
      });
      expect(await figure(telemetry, 'hookring_oldest_due_age_seconds')).toBe(String(age));
    },
  );

  it('say nothing of what is not there', async () => {
    const { telemetry } = create();
    const secrets = { living: 0, ringsInGrace: 0, nextEndAt: null, oldestActiveSince: null };
    telemetry.observe({
      ...sources,
      store: async () => ({ ...store, suspendedEndpoints: [], secrets }),
      space: async () => ({ databaseBytes: null, logBytes: null, diskFreeRatio: null }),
    });
    const text = await telemetry.registry.metrics();
    for (const name of ['next_secret_expiry_seconds', 'oldest_active_secret_age_seconds', 'disk_free_ratio'])
      expect(text).not.toMatch(new RegExp(`^hookring_${name} `, 'm'));
    expect(text).toContain('hookring_living_secrets 0\n');
  });

  it('leave the other figures alone when the store cannot answer', async () => {
    const { telemetry } = create();
    telemetry.observe({ ...sources, store: () => Promise.reject(new Error('closed')) });
    const text = await telemetry.registry.metrics();
    expect(text).not.toMatch(/^hookring_backlog_deliveries /m);
    expect(text).not.toMatch(/^hookring_oldest_due_age_seconds /m);
    expect(text).toContain('hookring_attempts_in_flight 7\n');
  });

  it('come with the figures of the process', async () => {
    const { telemetry } = create();
    telemetry.observe(sources);
    const text = await telemetry.registry.metrics();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toMatch(/^hookring_event_loop_busy_seconds_total \d/m);
    expect(text).toContain('hookring_event_loop_delay_seconds_bucket{le="0.1"} ');
  });
});
