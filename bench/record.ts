import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MACHINE } from './figures.ts';
import { markdownTable } from './table.ts';
import { type Found, linesOf } from './targets.ts';

const README = fileURLToPath(new URL('./README.md', import.meta.url));
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

/** Writes what a whole run found beside the sources, and puts its table into the README. Answers the paths. */
export function record(found: Found, date: string): readonly string[] {
  const node = `node${process.versions.node.split('.')[0] ?? ''}`;
  mkdirSync(RESULTS, { recursive: true });
  const path = `${RESULTS}${node}.json`;
  writeFileSync(path, `${JSON.stringify({ date, machine: MACHINE, ...found }, null, 2)}\n`);
  const text = readFileSync(README, 'utf8');
  writeFileSync(README, withSection(text, node, `${date}, ${MACHINE}\n\n${markdownTable(linesOf(found))}`));
  return [path, README];
}

/** Replaces what stands between the two marks of a section. */
export function withSection(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) return `${text.trimEnd()}\n\n${begin}\n\n${content}\n\n${end}\n`;
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
