/** The hour of steady load, in its short form; and whether its verdict would notice. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scrapeOf } from '../bench/scrape.ts';
import { Bits } from '../bench/soak/bits.ts';
import { planOf } from '../bench/soak/plan.ts';
import type { Sample } from '../bench/soak/samples.ts';
import { nothingSent } from '../bench/soak/traffic.ts';
import { trendOf } from '../bench/soak/trend.ts';
import { nothingDone } from '../bench/soak/unrest.ts';
import { isPassed, type Seen, verdictOf } from '../bench/soak/verdict.ts';

const IS_LONG = process.env['HOOKRING_PROVE'] === '1';
const SOAK = fileURLToPath(new URL('../bench/soak/main.ts', import.meta.url));
const MIB = 1_024 * 1_024;

type Node = Sample['nodes'][number];

function sampleAt(seconds: number, node: Partial<Node> = {}, tables: Partial<Sample['tables']> = {}): Sample {
  return {
    seconds,
    latency: { count: 100, p50Ms: 2, p99Ms: 9 },
    nodes: [
      {
        rssBytes: 200 * MIB,
        heapBytes: 50 * MIB,
        externalBytes: 10 * MIB,
        files: 100,
        sockets: 60,
        resources: 40,
        faults: 0,
        jobFailures: 0,
        attempts: 1_000,
        removedEvents: 10,
        ...node,
      },
    ],
    tables: {
      rows: new Map([['queue', 0]]),
      bytes: new Map([['the file', 100 * MIB]]),
      deadTuples: 0,
      logBytes: 10 * MIB,
      connections: 10,
      days: [],
      ...tables,
    },
  };
}

/** An hour in which all went well, but for what is given. */
function seen(changes: Partial<Seen> = {}, nodeAt: (seconds: number) => Partial<Node> = () => ({})): Seen {
  const plan = planOf({ store: 'sqlite', nodes: 1, minutes: 60, perSecond: 300, customers: 12 });
  return {
    plan,
    sent: { ...nothingSent(), events: 1_000, accepted: 1_000, deliveries: 1_600 },
    tally: { verified: 1_600, wronglySigned: 0, repeated: 0, refusedOnPurpose: 5, afterTheEnd: 0 },
    deeds: { ...nothingDone(), rotations: 10 },
    history: { events: 10, mustGo: 10 },
    samples: Array.from({ length: 360 }, (_, index) => sampleAt((index + 1) * 10, nodeAt((index + 1) * 10))),
    failedLooks: [],
    end: sampleAt(3_700, nodeAt(3_700)),
    missing: 0,
    owed: [],
    listenerWarnings: 0,
    errorLines: [],
    firstWrong: null,
    unexplained: new Map([['events', 0]]),
    oldestHours: 24,
    ...changes,
  };
}

function missedOf(found: Seen): readonly string[] {
  return verdictOf(found).flatMap(({ measure, met }) => (met === false ? [measure] : []));
}

describe('the verdict of a soak', () => {
  it('holds when nothing was lost and nothing grew', () => {
    expect(missedOf(seen())).toEqual([]);
    expect(isPassed(verdictOf(seen()))).toBe(true);
  });

  it.each<readonly [string, Partial<Seen>, string]>([
    ['an event was lost', { missing: 1 }, 'lost: neither sent nor owed any more'],
    ['a signature was wrong', { tally: { ...seen().tally, wronglySigned: 1 } }, 'wrongly signed'],
    [
      'something went to a suspended endpoint',
      { tally: { ...seen().tally, afterTheEnd: 1 } },
      'sent after a suspension or an archiving was answered',
    ],
    [
      'an event missed a new endpoint',
      { deeds: { ...nothingDone(), unread: 1 } },
      'events that missed an endpoint made before',
    ],
    [
      'a revoked key opened something',
      { deeds: { ...nothingDone(), openAfterRevocation: 1 } },
      'keys that opened something after their revocation',
    ],
    [
      'rows appeared that nobody asked for',
      { unexplained: new Map([['attempts', 3]]) },
      'rows of attempts that no accepted event explains',
    ],
    ['retention fell behind', { oldestHours: 25 }, 'oldest event that is left'],
    ['Node warned of listeners', { listenerWarnings: 1 }, 'warnings about listeners'],
    ['a server did not say how it is', { failedLooks: ['503'] }, 'looks at the servers and their tables that failed'],
    [
      'the load was not carried',
      { sent: { ...seen().sent, behind: 301 } },
      'events that were not sent by the end, because too many requests were under way',
    ],
    ['the log has errors', { errorLines: ['{"level":"error"}'] }, 'errors in the log'],
    [
      'what was delivered stayed in the queue',
      { end: sampleAt(3_700, {}, { rows: new Map([['queue', 1]]) }) },
      'rows of the queue that nobody waits for',
    ],
    [
      'something stayed in the queue',
      { missing: 1, end: sampleAt(3_700, {}, { rows: new Map([['queue', 1]]) }) },
      'owed although nothing is in the way',
    ],
    [
      'the log of the database grew',
      { end: sampleAt(3_700, {}, { logBytes: 300 * MIB }) },
      'the log of the database at its largest',
    ],
  ])('does not hold when %s', (_what, change, measure) => {
    expect(missedOf(seen(change))).toEqual([measure]);
  });

  it('does not hold when memory, handles or latency go up and up', () => {
    const grown = seen({}, (seconds) => ({
      rssBytes: 200 * MIB + seconds * 15_000,
      sockets: 60 + Math.floor(seconds / 30),
    }));
    const samples = grown.samples.map((sample) => ({
      ...sample,
      latency: { count: 100, p50Ms: 2, p99Ms: 9 + sample.seconds / 60 },
    }));
    expect(missedOf({ ...grown, samples })).toEqual([
      'memory of the process',
      'sockets',
      'latency, p99 of steady receivers',
    ]);
  });

  it('forgives what goes up while it warms up, and what goes up and down', () => {
    const warm = seen({}, (seconds) => ({
      rssBytes: Math.min(200, 50 + seconds) * MIB,
      heapBytes: (50 + 30 * Math.abs(Math.sin(seconds))) * MIB,
    }));
    expect(missedOf(warm)).toEqual([]);
  });

  it('judges no growth by a minute', () => {
    const plan = planOf({ store: 'sqlite', nodes: 1, minutes: 1, perSecond: 300, customers: 12 });
    const samples = Array.from({ length: 20 }, (_, index) => sampleAt(index * 3, { rssBytes: index * 50 * MIB }));
    expect(missedOf(seen({ plan, samples }))).toEqual([]);
  });
});

describe('what a soak looks at', () => {
  it('compares the first third with the last, by medians', () => {
    const points = [1, 2, 900, 5, 5, 5, 7, 8, 9].map((value, index) => ({ seconds: index * 600, value }));
    expect(trendOf(points)).toEqual({ first: 2, last: 8, perHour: 6 });
    expect(trendOf(points.slice(0, 5))).toBeNull();
  });

  it('knows which numbers one set has and another lacks', () => {
    const [expected, received] = [new Bits(), new Bits()];
    for (let number = 0; number < 20_000; number += 7) {
      expect(expected.add(number)).toBe(true);
      if (number !== 14 && number !== 19_999 - (19_999 % 7)) received.add(number);
    }
    expect(expected.add(14)).toBe(false);
    received.add(15);
    expect(expected.missingFrom(received)).toBe(2);
    expect([expected.size, received.has(15), received.has(99_999)]).toEqual([2_858, true, false]);
  });

  it('reads families of metrics with and without labels', () => {
    const text = '# HELP a b\na 3\nb{x="1",y="2"} 4\nb{y="5",x="6"} 7.5\nb_count{x="1"} 100\n';
    const found = scrapeOf(text);
    expect([found.sum('a'), found.sum('b'), found.sum('c')]).toEqual([3, 11.5, 0]);
    expect(found.all('b')).toEqual([
      [['1', '2'], 4],
      [['6', '5'], 7.5],
    ]);
  });
});

describe.runIf(IS_LONG)('a minute of it', () => {
  it.each(['sqlite', 'postgres'])('holds on %s', { timeout: 300_000 }, async (store) => {
    // Other tests run beside it: so little that whatever is left of the machine carries it.
    const child = spawn(process.execPath, [SOAK, '--minutes', '1', '--rate', '60', '--store', store], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => void child.once('close', resolve));
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
  });
});
