/**
 *   npm run bench                 everything, about ten minutes; writes bench/results and bench/README.md
 *   npm run bench -- --quick      the same on a small scale, under a minute; writes nothing
 *   npm run bench -- --only throughput,latency,slow-disk,pending [--rounds 3] [--events 60000] [--json] [--record]
 *   npm run bench -- --only pending --shape 'many hung endpoints'
 *   npm run bench -- --dialects [--requests 4000] [--rounds 5] [--json]
 */
import { parseArgs } from 'node:util';
import { benchDialects } from './dialects.ts';
import { MACHINE } from './figures.ts';
import { measureLatency } from './latency.ts';
import { measurePending, SHAPES } from './pending.ts';
import { record } from './record.ts';
import { measureSlowDisk } from './slow-disk-drain.ts';
import { plainTable } from './table.ts';
import { type Found, linesOf } from './targets.ts';
import { measureThroughput } from './throughput.ts';

const PARTS = ['throughput', 'slow-disk', 'latency', 'pending'] as const;
const WHOLE = { events: 60_000, rounds: 5, latencySeconds: 60, pending: 1_000_000, pendingEvents: 20_000 };
const QUICK = { events: 6_000, rounds: 1, latencySeconds: 3, pending: 5_000, pendingEvents: 2_000 };

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    dialects: { type: 'boolean', default: false },
    events: { type: 'string' },
    requests: { type: 'string', default: '4000' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
    shape: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  return refuse('--events, --requests and --rounds take whole numbers above 0');
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function measure(parts: ReadonlySet<string>): Promise<Found> {
  const scale = flags.quick ? QUICK : WHOLE;
  const events = wholeNumber(flags.events, scale.events);
  const rounds = wholeNumber(flags.rounds, scale.rounds);
  say(
    `${MACHINE}\n${events.toLocaleString('en')} events of 1,024 bytes a round; load generator and receiver are processes of their own`,
  );
  const throughput = parts.has('throughput') ? await measureThroughput({ events, rounds, say }) : null;
  if (parts.has('slow-disk')) say('a slow disk');
  const slowDisk = parts.has('slow-disk') ? await measureSlowDisk({ events, rounds }) : null;
  if (parts.has('latency')) say(`latency, ${scale.latencySeconds} s`);
  const latency = parts.has('latency') ? await measureLatency(scale.latencySeconds) : null;
  const pending = [];
  const shapes = flags.shape === undefined ? SHAPES : SHAPES.filter((shape) => shape === flags.shape);
  if (parts.has('pending')) {
    for (const shape of shapes) {
      const sizes = { pending: scale.pending, events: scale.pendingEvents, rounds };
      pending.push(await measurePending({ shape, ...sizes, say }));
    }
  }
  return { throughput, slowDisk, latency, pending };
}

if (flags.dialects) {
  const requests = wholeNumber(flags.requests, 4_000);
  const result = await benchDialects({ requests, rounds: wholeNumber(flags.rounds, 5), say });
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
} else {
  const parts = flags.only?.split(',') ?? PARTS;
  for (const part of parts) {
    if (!PARTS.some((name) => name === part)) refuse(`--only knows ${PARTS.join(', ')}, not ${part}`);
  }
  const found = await measure(new Set(parts));
  const isRecorded = flags.record || (!flags.quick && flags.only === undefined);
  if (flags.json) process.stdout.write(`${JSON.stringify({ machine: MACHINE, ...found })}\n`);
  else process.stdout.write(`\n${plainTable(linesOf(found))}\n`);
  if (isRecorded) for (const path of record(found, new Date().toISOString().slice(0, 10))) say(`wrote ${path}`);
}
