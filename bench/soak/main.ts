import { readFlags, refuse } from '../../testbed/command-line.ts';
import { STORES, type StoreKind } from '../bed.ts';
import { MACHINE } from '../figures.ts';
import { endOnSignals } from '../signals.ts';
import { plainTable } from '../table.ts';
import { planOf } from './plan.ts';
import { recordSoak } from './record.ts';
import { soak } from './soak.ts';
import { isPassed, verdictOf } from './verdict.ts';

const USAGE = `npm run soak -- [--minutes 60] [--store sqlite|postgres] [--nodes 2] [--rate 300] [--customers 24]

  An hour of steady load with rotations, suspensions, endpoints that come and go, and keys that are revoked: nothing may
  be lost or wrongly signed, and nothing may grow. Ends with a table of verdicts and an exit status.

  --json     everything that was seen, instead of the table
  --record   writes the table beside the benchmarks
`;

const flags = readFlags(
  {
    minutes: { type: 'string', default: '60' },
    store: { type: 'string', default: 'sqlite' },
    nodes: { type: 'string' },
    rate: { type: 'string', default: '300' },
    customers: { type: 'string', default: '24' },
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
  USAGE,
);

function number(name: string, text: string, isWhole: boolean): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
  return refuse(`--${name} takes a ${isWhole ? 'whole ' : ''}number above 0, not ${text}`);
}

const store: StoreKind = STORES.find((name) => name === flags.store) ?? refuse('--store is sqlite or postgres');
const nodes = number('nodes', flags.nodes ?? (store === 'postgres' ? '2' : '1'), true);
if (store === 'sqlite' && nodes > 1) refuse('one process owns a SQLite file: --nodes is for postgres');
const plan = planOf({
  store,
  nodes,
  minutes: number('minutes', flags.minutes, false),
  perSecond: number('rate', flags.rate, true),
  customers: number('customers', flags.customers, true),
});
endOnSignals();
const seen = await soak(plan, (line) => process.stderr.write(`${line}\n`));
const lines = verdictOf(seen);
const passed = isPassed(lines);
if (flags.json) {
  const plain = (_key: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value);
  process.stdout.write(`${JSON.stringify({ machine: MACHINE, passed, verdict: lines, ...seen }, plain)}\n`);
} else {
  process.stdout.write(`\n${MACHINE}, ${flags.minutes} minutes, ${store}, ${nodes} node${nodes === 1 ? '' : 's'}\n\n`);
  for (const row of seen.owed) process.stderr.write(`${row}\n`);
  process.stdout.write(`${plainTable(lines)}\n\n${passed ? 'held' : 'did not hold'}\n`);
}
if (flags.record) for (const path of recordSoak(plan, lines)) process.stderr.write(`wrote ${path}\n`);
process.exitCode = passed ? 0 : 1;
