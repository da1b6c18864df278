import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeSection } from '../testbed/page-section.ts';
import { arithmetic } from './arithmetic.ts';
import { MACHINE } from './figures.ts';
import { markdownTable } from './table.ts';
import { type Found, type Line, linesOf } from './targets.ts';

const README = fileURLToPath(new URL('./README.md', import.meta.url));
const SCALE = fileURLToPath(new URL('../docs/scale.md', import.meta.url));
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));
/** Which the pages quote; others are in the README only. */
const QUOTED_NODE = 'node26';

/**
 * Writes what a run found beside the sources, and puts its tables into the pages. Parts that it did not measure stay as they
 * were recorded last. Answers the paths.
 */
export function record(found: Found, date: string): readonly string[] {
  const node = `node${process.versions.node.split('.')[0] ?? ''}`;
  const all = merged(recorded(`${RESULTS}${node}.json`), found);
  const written = [writeResult(node, { date, machine: MACHINE, ...all })];
  const database = all.throughput?.database ?? all.nodes[0]?.database ?? all.claims?.database;
  const head = [date, MACHINE, ...(typeof database === 'string' ? [database] : [])].join(', ');
  const lines = linesOf(all);
  written.push(writeSection(README, node, `${head}\n\n${markdownTable(lines)}`));
  if (node !== QUOTED_NODE || typeof database !== 'string') return written;
  written.push(writeSection(SCALE, 'measured', `${head}\n\n${markdownTable(lines.filter(isQuoted))}`));
  const billion = arithmetic(all.throughput?.stores.postgres);
  if (billion !== null) writeSection(SCALE, 'arithmetic', billion);
  return written;
}

/** What PostgreSQL and nodes are measured by. */
function isQuoted({ measure }: Line): boolean {
  return /^PostgreSQL|^[\d,]+\/s (in all|on each)|of a claim/.test(measure);
}

/** Answers where it is now. */
export function writeResult(name: string, result: unknown): string {
  mkdirSync(RESULTS, { recursive: true });
  const path = `${RESULTS}${name}.json`;
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

const NOTHING: Found = { throughput: null, slowDisk: null, latency: [], pending: [], nodes: [], claims: null };

function recorded(path: string): Found {
  if (!existsSync(path)) return NOTHING;
  const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Found>; // Written by this file.
  // A list for each store; what was recorded when there was one store only has other fields, and is measured anew.
  return Array.isArray(found.latency) ? { ...NOTHING, ...found } : NOTHING;
}

function merged(before: Found, now: Found): Found {
  const pick = <T>(mine: readonly T[], theirs: readonly T[]): readonly T[] => (mine.length > 0 ? mine : theirs);
  return {
    throughput: now.throughput ?? before.throughput,
    slowDisk: now.slowDisk ?? before.slowDisk,
    latency: pick(now.latency, before.latency),
    pending: pick(now.pending, before.pending),
    nodes: [
      // Each way of offering the load is measured by itself.
      ...before.nodes.filter(({ offered }) => now.nodes.every((each) => each.offered.kind !== offered.kind)),
      ...now.nodes,
    ],
    claims: now.claims ?? before.claims,
  };
}
