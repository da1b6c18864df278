import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './published.ts';

export type Instruction = { readonly keyword: string; readonly rest: string };

/** The instructions of the Dockerfile in their order, each on one line. */
export function instructions(): readonly Instruction[] {
  const lines = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  const joined = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  return joined.flatMap((line) => {
    const [, keyword, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return keyword === undefined || rest === undefined ? [] : [{ keyword, rest }];
  });
}

/** What the Dockerfile takes from this checkout, without the trailing slashes. */
export function copiedSources(): readonly string[] {
  return instructions()
    .filter(({ keyword, rest }) => keyword === 'COPY' && !rest.startsWith('--from='))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
    .map((source) => source.replace(/\/$/, ''));
}

/** Does `.dockerignore` keep this path from the builder? The last pattern that matches decides, as it does there. */
export function isKeptOut(source: string): boolean {
  const patterns = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const places = source.split('/').map((_name, index, names) => names.slice(0, index + 1).join('/'));
  let isOut = false;
  for (const pattern of patterns) {
    const isException = pattern.startsWith('!');
    const glob = isException ? pattern.slice(1) : pattern;
    if (places.some((place) => expressionOf(glob).test(place))) isOut = !isException;
  }
  return isOut;
}

/** As Docker reads a pattern: a star takes no slash, two take whole folders, and a leading dot is nothing special. */
function expressionOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/**
 * A copy of this checkout that has just what the Dockerfile copies, with the packages that are installed here: what is
 * built in it can be built in the image.
 */
export function copyContextInto(folder: string): void {
  for (const source of copiedSources()) {
    cpSync(path.join(ROOT, source), path.join(folder, source), {
      recursive: true,
      filter: (from) => from === path.join(ROOT, source) || !isKeptOut(path.relative(ROOT, from)),
    });
  }
  linkPackages(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  for (const name of readdirSync(path.join(folder, 'packages'))) {
    const own = path.join('packages', name, 'node_modules');
    if (existsSync(path.join(ROOT, own))) linkPackages(path.join(ROOT, own), path.join(folder, own));
    const { name: called } = JSON.parse(readFileSync(path.join(folder, 'packages', name, 'package.json'), 'utf8')) as {
      name: string;
    };
    const link = path.join(folder, 'node_modules', called);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(folder, 'packages', name), link, 'dir');
  }
}

/** Every package but those of this project, which would lead back to its sources here. */
function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from))
    if (!['hookring', '@hookring', 'hookring-workspace'].includes(entry))
      symlinkSync(path.join(from, entry), path.join(to, entry));
}
