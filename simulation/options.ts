import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind, slugOf } from './faults.ts';
import type { RunOptions } from './run.ts';

export const USAGE = `npm run simulate -- [--seed N] [--deliveries M] [--workers K] [--json]

  --seed N          what everything follows from; without it one is made of the time, and printed
  --deliveries M    how many in all (1,000,000)
  --workers K       so many processes at a time, which changes nothing but how long it takes (1)
  --journal FILE    writes each world that held down there; broken off, the same command goes on with the rest
  --record          writes what came of it into docs/simulation.md
  --nodes K         so many nodes in every world; without it each world has its own number
  --json            the result as one line of JSON on stdout
  --chapter C       only that world of the seed
  --endpoints E     so many endpoints in every world
  --faults a,b      only these kinds of faults; "none" for none; "list" shows them
  --no-shrink       leave a failing world as large as it is
  --keep-going      runs the other worlds as well when one fails, and tells of each that does
`;

export type Options = Omit<RunOptions, 'journal'> & {
  readonly isJson: boolean;
  readonly shrinks: boolean;
  readonly records: boolean;
  /** A path. */
  readonly journal: string | null;
};

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'wrong'; readonly problem: string };

const DELIVERIES_DEFAULT = 1_000_000;
const SEED_MAX = 2 ** 48;

/** `seed` is taken when none is given. */
export function parseOptions(args: readonly string[], seed: number): Parsed {
  let values: ReturnType<typeof read>;
  try {
    values = read(args);
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: 'say', text: USAGE };
  if (values.faults === 'list') return { kind: 'say', text: `${FAULT_KINDS.map(slugOf).join('\n')}\n` };
  const faults = values.faults === undefined ? undefined : faultsOf(values.faults);
  if (typeof faults === 'string') return { kind: 'wrong', problem: `--faults knows no "${faults}"; see --faults list` };
  const numbers = {
    seed: wholeNumber(values.seed, 0, SEED_MAX),
    deliveries: wholeNumber(values.deliveries, 1, 1e12),
    nodes: wholeNumber(values.nodes, 1, 64),
    workers: wholeNumber(values.workers, 1, 256),
    chapter: wholeNumber(values.chapter, 0, 1e9),
    endpoints: wholeNumber(values.endpoints, 1, 100_000),
  };
  const wrong = Object.entries(numbers).find(([, value]) => value === null);
  if (wrong !== undefined) return { kind: 'wrong', problem: `--${wrong[0]} takes a whole number` };
  // A page that tells of a run must be one of whole worlds, as anybody gets them who names the seed.
  const isPart = [values.chapter, values.nodes, values.endpoints, values.faults].some((value) => value !== undefined);
  if (values.record && isPart) {
    return { kind: 'wrong', problem: '--record takes no --chapter, --nodes, --endpoints or --faults' };
  }
  if (values.journal !== undefined && isPart) {
    return { kind: 'wrong', problem: '--journal takes no --chapter, --nodes, --endpoints or --faults' };
  }
  const options: Options = {
    seed: numbers.seed ?? seed,
    deliveries: numbers.deliveries ?? DELIVERIES_DEFAULT,
    chapter: numbers.chapter ?? null,
    overrides: { nodes: numbers.nodes ?? undefined, endpoints: numbers.endpoints ?? undefined, faults },
    workers: numbers.workers ?? 1,
    isJson: values.json,
    records: values.record,
    journal: values.journal ?? null,
    shrinks: !values['no-shrink'],
    goesOn: values['keep-going'],
  };
  return { kind: 'run', options };
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      deliveries: { type: 'string' },
      nodes: { type: 'string' },
      workers: { type: 'string' },
      record: { type: 'boolean', default: false },
      journal: { type: 'string' },
      chapter: { type: 'string' },
      endpoints: { type: 'string' },
      faults: { type: 'string' },
      json: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

/** Undefined when it was not said, null when it is no such number. */
function wholeNumber(text: string | undefined, least: number, most: number): number | null | undefined {
  if (text === undefined) return undefined;
  const value = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
  return Number.isSafeInteger(value) && value >= least && value <= most ? value : null;
}

/** The first that is no fault, when there is one. */
function faultsOf(text: string): readonly FaultKind[] | string {
  if (text === 'none') return [];
  const kinds: FaultKind[] = [];
  for (const slug of text.split(',')) {
    const kind = FAULT_KINDS.find((each) => slugOf(each) === slug);
    if (kind === undefined) return slug;
    kinds.push(kind);
  }
  return kinds;
}
