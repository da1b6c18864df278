import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { MACHINE } from '../bench/figures.ts';
import { readFlags, refuse } from '../testbed/command-line.ts';
import { type Fault, STORES, type StoreKind } from './fault.ts';
import { MATRIX } from './matrix.ts';
import { measure, type Outcome } from './measure.ts';
import { progressOn } from './progress.ts';
import { record } from './record.ts';
import { plainTable, problemsOf } from './table.ts';

/** As a shell tells of Ctrl-C. */
const INTERRUPTED = 130;

const USAGE = `npm run faults                          every row on both stores, a quarter of an hour; writes docs/faults.md
npm run faults -- --only kill-all,dns   some rows; writes nothing
npm run faults -- --store sqlite        one store; writes nothing
npm run faults -- --list                the rows
npm run faults -- --json                the outcomes as JSON on standard output
npm run faults -- --logs folder         keeps what the servers of each row log
npm run faults -- --record              writes docs/faults.md whatever was run: its table has these rows then

Ends with 1 when an event was lost or wrongly signed, or anything else was seen that must never be.
`;

const flags = readFlags(
  {
    only: { type: 'string' },
    store: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    logs: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
  USAGE,
);

function storesOf(text: string | undefined): readonly StoreKind[] {
  if (text === undefined) return STORES;
  const store = STORES.find((known) => known === text);
  return store === undefined ? refuse(`--store knows ${STORES.join(' and ')}, not ${text}`) : [store];
}

function faultsOf(text: string | undefined): readonly Fault[] {
  const names = text?.split(',') ?? MATRIX.map(({ name }) => name);
  return names.map((name) => {
    const fault = MATRIX.find((known) => known.name === name);
    return fault ?? refuse(`--only knows ${MATRIX.map((known) => known.name).join(', ')}, not ${name}`);
  });
}

function keepLog(name: string, text: string): void {
  if (flags.logs === undefined) return;
  mkdirSync(flags.logs, { recursive: true });
  appendFileSync(path.join(flags.logs, name), text);
}

const faults = faultsOf(flags.only);
const stores = storesOf(flags.store);
if (flags.list) {
  for (const { name, stores: on, breaks } of faults) process.stdout.write(`${name} (${on.join(', ')}): ${breaks}\n`);
  process.exit(0);
}

/** Servers live in process groups of their own, and disks and networks outlive everybody: they go before this does. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

const progress = progressOn(process.stderr);
const rows = faults.flatMap((fault) =>
  stores.filter((store) => fault.stores.includes(store)).map((store) => ({ fault, store })),
);
if (rows.length === 0) refuse(`none of these rows is for ${stores.join(' or ')}`);
const outcomes: Outcome[] = [];
const skipped: string[] = [];
const failed: string[] = [];
progress.say(`${MACHINE}; ${rows.length} rows`);
for (const [index, { fault, store }] of rows.entries()) {
  const row = `${index + 1}/${rows.length} ${fault.name} on ${store}`;
  const reason = fault.cannot?.() ?? null;
  if (reason !== null) {
    skipped.push(`Skipped: ${fault.name} on ${store}, because ${reason}.`);
    progress.say(`${row}: skipped, because ${reason}`);
    continue;
  }
  try {
    const onStep = (step: string): void => progress.step(`${row} ${step}`);
    const onLog = (node: string, text: string): void => keepLog(`${fault.name}-${store}-${node}.log`, text);
    const outcome = await measure(fault, { store, onStep, onLog, signal: interrupted.signal });
    outcomes.push(outcome);
    const { accepted, lost, wronglySigned, duplicates, seconds, notes } = outcome;
    const problems = problemsOf(outcome);
    const verdict = problems.length === 0 ? 'ok' : `FAILED: ${problems.join('; ')}`;
    const counts = `${accepted} accepted, ${lost} lost, ${wronglySigned} wrongly signed, ${duplicates} duplicates`;
    progress.say(`${row}: ${counts}, ${Math.round(seconds)} s (${notes.join(', ')}) ${verdict}`);
  } catch (error) {
    if (interrupted.signal.aborted) process.exit(INTERRUPTED);
    const message = error instanceof Error ? error.message : String(error);
    failed.push(`${fault.name} on ${store} did not run to its end: ${message.split('\n')[0] ?? ''}`);
    progress.say(`${row}: FAILED, it did not run to its end: ${message}`);
  }
}

if (flags.json) process.stdout.write(`${JSON.stringify({ machine: MACHINE, outcomes, skipped, failed }, null, 2)}\n`);
else process.stdout.write(`${[plainTable(outcomes), ...skipped, ...failed].join('\n')}\n`);
const isWhole = flags.only === undefined && flags.store === undefined && failed.length === 0;
if (isWhole || flags.record) {
  progress.say(`wrote ${record(outcomes, skipped, new Date().toISOString().slice(0, 10))}`);
}
// What is left of a row that did not run to its end must not keep this process.
process.exit(failed.length > 0 || outcomes.some((outcome) => problemsOf(outcome).length > 0) ? 1 : 0);
