import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TelemetryEvents } from './events.ts';
import { createTelemetry } from './telemetry.ts';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'.split('');
const text = (length: number) =>
  fc.array(fc.constantFrom(...ALPHANUMERIC), { minLength: length, maxLength: length }).map((list) => list.join(''));
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((list) => Buffer.from(list));
/** A key has each kind of character but with a probability that nobody has to fear. */
const tokenText = text(40).map((made) => `${made}a0Z`);

/** What must not get out, and the text that it stands in. */
type Secret = { readonly kind: string; readonly secret: string; readonly text: string };

function plain(kind: string, made: fc.Arbitrary<string>): fc.Arbitrary<Secret> {
  return made.map((secret) => ({ kind, secret, text: secret }));
}

const secrets: fc.Arbitrary<Secret> = fc.oneof(
  plain(
    'signing secret',
    bytes(32).map((key) => `whsec_${key.toString('base64')}`),
  ),
  plain(
    'signing key',
    bytes(64).map((key) => `whsk_${key.toString('base64')}`),
  ),
  plain(
    'API key',
    fc
      .tuple(fc.constantFrom('hk_live_', 'am_live_', 'sgn_live_', 'mb_live_', 'dn_live_', 'acme-', 'k_'), tokenText)
      .map(([prefix, rest]) => prefix + rest),
  ),
  plain(
    'access token',
    bytes(24).map((key) => `hk_test_${key.toString('base64url')}`),
  ),
  plain(
    'JWT',
    fc.tuple(bytes(30), bytes(32)).map(([payload, signature]) => {
      return `${encoded('{"alg":"HS256"}')}.${encoded(`{"sub":"${payload.toString('hex')}"}`)}.${signature.toString('base64url')}`;
    }),
  ),
  plain(
    'master key',
    bytes(32).map((key) => key.toString('base64')),
  ),
  plain(
    'hex key',
    bytes(32).map((key) => key.toString('hex')),
  ),
  plain(
    'short signing secret',
    text(12).map((key) => `whsec_${key}+/=`),
  ),
  plain(
    'sealed text',
    text(12).map((key) => `sealed.v1.${key}`),
  ),
  text(10).map((secret) => ({ kind: 'short JWT', secret, text: `eyJhbGciOiJub25lIn0.eyJhIjoxfQ.${secret}` })),
  text(20).map((secret) => ({ kind: 'bearer', secret, text: `Authorization: Bearer ${secret}` })),
  text(12).map((secret) => ({ kind: 'basic', secret, text: `basic ${secret}` })),
  text(9).map((secret) => ({ kind: 'raw header', secret, text: `x-api-key: ${secret}` })),
  text(9).map((secret) => ({ kind: 'password', secret, text: `postgres://hookring:${secret}@db.example/h` })),
  text(9).map((secret) => ({ kind: 'query', secret, text: `https://a.example/hooks?team=1&code=${secret}#x` })),
  text(9).map((secret) => ({ kind: 'form', secret, text: `grant_type=x&client_secret=${secret}` })),
  text(9).map((secret) => ({ kind: 'variable', secret, text: `HOOKRING_JWT_SECRET=${secret}` })),
);

function encoded(json: string): string {
  return Buffer.from(json).toString('base64url');
}

function create(known: readonly string[] = []) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  // A slow clock, so that no line is left out for coming too soon.
  let now = 0;
  const clock = { now: () => 0, monotonic: () => (now += 3_600_000) };
  const { log, events, requests } = createTelemetry({ level: 'trace', secrets: known, destination, clock });
  return { log, events, requests, lines };
}

/** Every place of a line that a secret may come into, and every form. */
function shapes(given: string): readonly unknown[] {
  return [
    given,
    `moved to ${given}, they say`,
    new Error(`could not use ${given}`),
    new Error('outer', { cause: new TypeError(given) }),
    Object.assign(new Error('x'), { detail: { url: given } }),
    { a: { b: [{ c: given }] } },
    [given],
    new Map([['k', given]]),
    { toJSON: () => given },
    `"${given}"`,
    `{"a":"${given}"}`,
  ];
}

/** One call of each event with a text wherever one fits. A new event must be named here. */
function calls(events: TelemetryEvents, value: string, error: unknown): Record<keyof TelemetryEvents, () => void> {
  const phases = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: 1 };
  const attempt = { id: value, deliveryId: value, endpointId: value, number: 1, responseStatus: 500, phases };
  const who = { actor: value, requestId: value, organizationId: value };
  const removed = { events: 1, deliveries: 1, attempts: 1 };
  return {
    eventsAccepted: () => events.eventsAccepted(1, 1, 1),
    eventsSent: () => events.eventsSent(who, [{ id: value, duplicate: false }]),
    eventFannedOut: () => events.eventFannedOut(1),
    deliveriesCreated: () => events.deliveriesCreated(1, 1),
    acceptRefused: () => events.acceptRefused(value),
    connectionRetried: () => events.connectionRetried(),
    attemptFinished: () => events.attemptFinished({ ...attempt, errorKind: value }, value, 1),
    deliveryEnded: () => events.deliveryEnded({ kind: 'dead', reason: value }, 1),
    keyVerified: () => events.keyVerified(value, value),
    storeCommitted: () => events.storeCommitted(1, 60_000),
    storeStatement: () => events.storeStatement('read', value),
    recordBatch: () => events.recordBatch(1, 1, 1),
    claimBatch: () => events.claimBatch(1),
    released: () => events.released(1),
    databaseAwaited: () => events.databaseAwaited({ cause: value, waitedMs: 1, waitsMsMax: 1 }),
    storeMigrated: () => events.storeMigrated({ from: 1, to: 2, durationMs: 1 }),
    storeFailing: () => events.storeFailing(value),
    storeWorksAgain: () => events.storeWorksAgain(1),
    memoryStale: () => events.memoryStale(value),
    memoryCurrent: () => events.memoryCurrent(1),
    notificationsMissing: () => events.notificationsMissing(),
    notificationsArrive: () => events.notificationsArrive(),
    storeRefused: () => events.storeRefused(value, error),
    jobFinished: () => events.jobFinished(value, 5_000, 1),
    jobFailed: () => events.jobFailed(value, error),
    endpointSuspended: () =>
      events.endpointSuspended({ ...who, endpointId: value, reason: value, consecutiveFailures: 1 }),
    endpointChanged: () => events.endpointChanged({ ...who, endpointId: value, status: value }),
    secretRotated: () =>
      events.secretRotated({ ...who, owner: value, secretId: value, retiredId: value, reason: value }),
    secretRevoked: () => events.secretRevoked({ ...who, owner: value, secretId: value }),
    keyChanged: () => events.keyChanged({ ...who, keyId: value, change: 'created' }),
    accessRefused: () => events.accessRefused({ code: value, requestId: value }),
    serverStarted: () =>
      events.serverStarted({ url: value, metricsUrl: value, database: value, role: value, version: value }),
    serverStopping: () => events.serverStopping({ cause: value, inFlight: 1 }),
    serverStopped: () => events.serverStopped({ durationMs: 1 }),
    masterKeyGenerated: () => events.masterKeyGenerated({ path: value }),
    fault: () => events.fault(value, error, value),
    retentionRemoved: () => events.retentionRemoved(removed),
    retentionReport: () => events.retentionReport({ ...removed, retentionDays: 1 }),
    takenOver: () => events.takenOver(1),
    eventsPruned: () => events.eventsPruned({ ...removed, before: 1, actor: value }),
    payloadErased: () => events.payloadErased({ eventKey: value, actor: value }),
  };
}

describe('no line of the log', () => {
  it('shows a secret, whatever kind it is of and wherever it stands', () => {
    fc.assert(
      fc.property(secrets, ({ secret, text: given }) => {
        const { log, lines } = create();
        for (const shape of shapes(given)) {
          log.error({ field: shape, error: shape }, 'message');
          log.info({ [`secret of ${given}`]: 1 }, `said ${given}`);
          log.debug(shape as object, given);
          log.trace(given);
        }
        expect(lines).toHaveLength(44);
        expect(lines.filter((line) => line.includes(secret))).toEqual([]);
        // A line stays one line of JSON.
        for (const line of lines) JSON.parse(line);
      }),
      { numRuns: 150 },
    );
  });

  it('shows one that an event was given, in whatever argument', () => {
    const names = Object.keys(create().events).toSorted();
    fc.assert(
      fc.property(secrets, ({ secret, text: given }) => {
        const { events, requests, lines } = create();
        const each = calls(events, given, new Error(given, { cause: given }));
        expect(Object.keys(each).toSorted()).toEqual(names);
        for (const call of Object.values(each)) call();
        requests.route(given, given).answered(200, 1, given, { organizationId: given, actor: given });
        expect(lines.length).toBeGreaterThan(20);
        expect(lines.filter((line) => line.includes(secret))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('shows a secret of the configuration, even one that looks like nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 16, maxLength: 60 }), (secret) => {
        fc.pre(!'message error field'.includes(secret.trim()) && secret.trim().length > 8);
        const { log, lines } = create([secret, secret.slice(0, 16)]);
        for (const shape of shapes(`<${secret}>`)) log.warn({ field: shape }, `said <${secret}>`);
        const escaped = JSON.stringify(secret).slice(1, -1);
        expect(lines.filter((line) => line.includes(escaped))).toEqual([]);
        for (const line of lines) JSON.parse(line);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what is no secret', () => {
  it.each([
    ['ids', 'evt_01h455vb4pex5vsknk084sn02q of ep_01h455vb4pex5vsknk084sn02q'],
    ['request ids', '01M7ZKY82KN9K7QPP99QH0A3H5'],
    ['ids of secrets', 'sec_01h455vb4pex5vsknk084sn02q'],
    ['paths of source files', 'at run (file:///srv/hookring/packages/server/src/engine/accept.ts:97:12)'],
    ['addresses', 'http://127.0.0.1:8484/v1/endpoints'],
    ['times', '2026-11-21T17:54:49.557Z'],
    ['long names of functions', 'processTicksAndRejectionsOfEverythingThereIsInTheWorld'],
  ])('stays as it is: %s', (_name, said) => {
    const { log, lines } = create();
    log.info({ said }, said);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ said, message: said });
  });
});

describe('a level that is off', () => {
  it('costs no look at what would be logged', () => {
    const lines: string[] = [];
    const { events, requests } = createTelemetry({ level: 'info', destination: { write: (line) => lines.push(line) } });
    const watched = (values: object): never =>
      new Proxy(values, {
        get: (target, name) => {
          if (name !== 'phases' && name !== 'responseStatus' && name !== 'errorKind') throw new Error(String(name));
          return Reflect.get(target, name);
        },
      }) as never;
    const phases = { dnsMs: 1, connectMs: 1, tlsMs: 1, firstByteMs: 1, totalMs: 1 };
    events.attemptFinished(watched({ phases, responseStatus: 200, errorKind: null }), 'evt_1', 1);
    events.eventsSent(watched({}), watched([]));
    requests.route('native', 'sendEvents').answered(202, 1, 'R', watched({}));
    expect(lines).toEqual([]);
  });
});

describe('a slow commit', () => {
  it('is told of once a minute, with how many were not', () => {
    const lines: string[] = [];
    let now = 0;
    const clock = { now: () => 0, monotonic: () => now };
    const { events } = createTelemetry({ level: 'info', destination: { write: (line) => lines.push(line) }, clock });
    events.storeCommitted(1, 999);
    expect(lines).toEqual([]);
    for (now = 0; now <= 60_000; now += 20_000) events.storeCommitted(7, 1_500.4);
    const told = lines.map((line) => JSON.parse(line));
    expect(told).toMatchObject([
      { level: 'warn', units: 7, durationMs: 1_500, untold: 0 },
      { level: 'warn', units: 7, durationMs: 1_500, untold: 2 },
    ]);
  });
});
