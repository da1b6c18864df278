import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MACHINE } from './figures.ts';
import { markdownTable } from './table.ts';
import { type Found, linesOf } from './targets.ts';

const README = fileURLToPath(new URL('./README.md', import.meta.url));
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

/**
 * Writes what a run found beside the sources, and puts its table into the README. Parts that it did not measure stay as they
 * were recorded last. Answers the paths.
 */
export function record(found: Found, date: string): readonly string[] {
  const node = `node${process.versions.node.split('.')[0] ?? ''}`;
  mkdirSync(RESULTS, { recursive: true });
  const path = `${RESULTS}${node}.json`;
  const all = merged(recorded(path), found);
  writeFileSync(path, `${JSON.stringify({ date, machine: MACHINE, ...all }, null, 2)}\n`);
  const database = all.throughput?.database ?? all.nodes[0]?.database ?? all.claims?.database;
  const head = [date, MACHINE, ...(typeof database === 'string' ? [database] : [])].join(', ');
  const text = readFileSync(README, 'utf8');
  writeFileSync(README, withSection(text, node, `${head}\n\n${markdownTable(linesOf(all))}`));
  return [path, README];
}

const NOTHING: Found = { throughput: null, slowDisk: null, latency: [], pending: [], nodes: [], claims: null };

function recorded(path: string): Found {
  if (!existsSync(path)) return NOTHING;
  const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Found>; // Written by this file.
  // What a version of it wrote that knew one store only says less than it must now.
  const isOld = !Array.isArray(found.latency);
  return isOld ? NOTHING : { ...NOTHING, ...found };
}

function merged(before: Found, now: Found): Found {
  const pick = <T>(mine: readonly T[], theirs: readonly T[]): readonly T[] => (mine.length > 0 ? mine : theirs);
  return {
    throughput: now.throughput ?? before.throughput,
    slowDisk: now.slowDisk ?? before.slowDisk,
    latency: pick(now.latency, before.latency),
    pending: pick(now.pending, before.pending),
    nodes: pick(now.nodes, before.nodes),
    claims: now.claims ?? before.claims,
  };
}

/** Replaces what stands between the two marks of a section. */
export function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) return `${text.trimEnd()}\n\n${begin}\n\n${content}\n\n${end}\n`;
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
