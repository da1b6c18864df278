import { readFlags, refuse } from '../testbed/command-line.ts';
import { STORES, type StoreKind } from './bed.ts';
import { benchDialects } from './dialects.ts';
import { MACHINE } from './figures.ts';
import { measureLatency } from './latency.ts';
import type { NodesRow, Offered } from './node-group.ts';
import { measureNodes } from './nodes.ts';
import { measurePending, SHAPES } from './pending.ts';
import { record } from './record.ts';
import { endOnSignals } from './signals.ts';
import { measureSlowDisk } from './slow-disk-drain.ts';
import { plainTable } from './table.ts';
import { type Found, linesOf } from './targets.ts';
import { measureThroughput } from './throughput.ts';

const PARTS = ['throughput', 'slow-disk', 'latency', 'pending', 'nodes', 'claims'] as const;
type Part = (typeof PARTS)[number];
const WHOLE = {
  events: 60_000,
  rounds: 5,
  latencySeconds: 60,
  pending: 1_000_000,
  pendingEvents: 20_000,
  nodesRounds: 6,
  nodesSeconds: 10,
  nodesLeadSeconds: 3,
  sizes: [1_000, 10_000, 100_000, 1_000_000, 10_000_000],
};
const QUICK: typeof WHOLE = {
  events: 6_000,
  rounds: 1,
  latencySeconds: 3,
  pending: 5_000,
  pendingEvents: 2_000,
  nodesRounds: 1,
  nodesSeconds: 5,
  nodesLeadSeconds: 2,
  sizes: [1_000, 10_000],
};
/** In all, and on each node: what two cores carry with everything else on them, on four nodes either way. */
const RATE = 1_000;
const RATE_EACH = 250;

const USAGE = `npm run bench                 everything; writes bench/results, bench/README.md and docs/scale.md
npm run bench -- --quick      the same on a small scale; writes nothing
npm run bench -- --only throughput,latency,slow-disk,pending,nodes,claims [--rounds 3] [--events 60000] [--json] [--record]
npm run bench -- --only throughput --store sqlite|postgres|both
npm run bench -- --only pending --shape 'many hung endpoints'
npm run bench -- --nodes [--rate 1000] [--rate-each 250] [--batch 1] [--seconds 10] [--rounds 6] [--statements]
npm run bench -- --claims [--sizes 1000,100000,10000000]
npm run bench -- --dialects [--requests 4000] [--rounds 5] [--json]
`;

const flags = readFlags(
  {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    store: { type: 'string', default: 'both' },
    dialects: { type: 'boolean', default: false },
    nodes: { type: 'boolean', default: false },
    claims: { type: 'boolean', default: false },
    statements: { type: 'boolean', default: false },
    events: { type: 'string' },
    requests: { type: 'string' },
    rounds: { type: 'string' },
    rate: { type: 'string' },
    'rate-each': { type: 'string' },
    batch: { type: 'string' },
    seconds: { type: 'string' },
    sizes: { type: 'string' },
    json: { type: 'boolean', default: false },
    shape: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
  USAGE,
);

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  return refuse(`${text} is no whole number above 0`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function partsOf(): ReadonlySet<Part> {
  const named = [
    ...(flags.nodes ? ['nodes'] : []),
    ...(flags.claims ? ['claims'] : []),
    ...(flags.only?.split(',') ?? []),
  ];
  const parts = named.map(
    (name) => PARTS.find((part) => part === name) ?? refuse(`there is no part ${name}: ${PARTS.join(', ')}`),
  );
  return new Set(parts.length === 0 ? PARTS : parts);
}

function storesOf(): readonly StoreKind[] {
  if (flags.store === 'both') return STORES;
  return [STORES.find((store) => store === flags.store) ?? refuse('--store is sqlite, postgres or both')];
}

/** Either one, when one is named. */
function offeredLoads(): readonly Offered[] {
  const total: Offered = { kind: 'total', perSecond: wholeNumber(flags.rate, RATE) };
  const each: Offered = { kind: 'each', perSecond: wholeNumber(flags['rate-each'], RATE_EACH) };
  if (flags.rate !== undefined && flags['rate-each'] === undefined) return [total];
  if (flags.rate === undefined && flags['rate-each'] !== undefined) return [each];
  return [total, each];
}

async function measure(parts: ReadonlySet<Part>): Promise<Found> {
  const scale = flags.quick ? QUICK : WHOLE;
  const events = wholeNumber(flags.events, scale.events);
  const rounds = wholeNumber(flags.rounds, scale.rounds);
  const stores = storesOf();
  say(
    `${MACHINE}\n${events.toLocaleString('en')} events of 1,024 bytes a round; load generator and receiver are processes of their own`,
  );
  const throughput = parts.has('throughput') ? await measureThroughput({ events, rounds, stores, say }) : null;
  if (parts.has('slow-disk')) say('a slow disk');
  const slowDisk = parts.has('slow-disk') ? await measureSlowDisk({ events, rounds }) : null;
  const latency = [];
  for (const store of parts.has('latency') ? stores : []) {
    say(`latency on ${store}, ${scale.latencySeconds} s`);
    latency.push(await measureLatency(store, scale.latencySeconds));
  }
  const pending = [];
  const shapes = flags.shape === undefined ? SHAPES : SHAPES.filter((shape) => shape === flags.shape);
  for (const shape of parts.has('pending') ? shapes : []) {
    const sizes = { pending: scale.pending, events: scale.pendingEvents, rounds };
    pending.push(await measurePending({ shape, ...sizes, say }));
  }
  const nodes = [];
  for (const offered of parts.has('nodes') ? offeredLoads() : []) {
    say(`nodes, ${offered.perSecond} a second ${offered.kind === 'total' ? 'in all' : 'on each'}`);
    const found = await measureNodes({
      offered,
      batch: wholeNumber(flags.batch, 1),
      leadSeconds: scale.nodesLeadSeconds,
      seconds: wholeNumber(flags.seconds, scale.nodesSeconds),
      rounds: wholeNumber(flags.rounds, scale.nodesRounds),
      say,
    });
    nodes.push(found);
    if (flags.statements) tellStatements(found.rows);
  }
  const sizes = flags.sizes?.split(',').map((size) => wholeNumber(size, 0)) ?? scale.sizes;
  if (!parts.has('claims')) return { throughput, slowDisk, latency, pending, nodes, claims: null };
  // Nothing else needs the adapter in this process.
  const { measureClaims } = await import('./claims.ts');
  const claims = await measureClaims({ sizes, events: scale.pendingEvents, rounds, say });
  return { throughput, slowDisk, latency, pending, nodes, claims };
}

/** Which statements were sent for one delivery, by name. */
function tellStatements(rows: readonly NodesRow[]): void {
  for (const { nodes, byName } of rows) {
    say(`${nodes} node${nodes === 1 ? '' : 's'}, statements per delivery:`);
    for (const { connection, statement, count } of byName) {
      say(`  ${connection.padEnd(8)} ${statement.padEnd(32)} ${count.toFixed(4)}`);
    }
  }
}

endOnSignals();
if (flags.dialects) {
  const requests = wholeNumber(flags.requests, 4_000);
  const result = await benchDialects({ requests, rounds: wholeNumber(flags.rounds, 5), say });
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
} else {
  const parts = partsOf();
  const found = await measure(parts);
  const isRecorded = flags.record || (!flags.quick && parts.size === PARTS.length);
  if (flags.json) process.stdout.write(`${JSON.stringify({ machine: MACHINE, ...found })}\n`);
  else process.stdout.write(`\n${plainTable(linesOf(found))}\n`);
  if (isRecorded) for (const path of record(found, new Date().toISOString().slice(0, 10))) say(`wrote ${path}`);
}
