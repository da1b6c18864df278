import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram, runCommandLine } from './program.ts';
import { fakeIo } from './testing/fake-io.ts';

const DOCUMENT = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');

function children(command: Command): readonly Command[] {
  return command.commands.filter((child) => child.name() !== 'help');
}

const program = buildProgram(fakeIo().io, { exitCode: 0 });
const groups = children(program).map((command) => ({
  name: command.name(),
  below: children(command).map((child) => child.name()),
}));
const all = groups.flatMap(({ name, below }) => [[name], ...below.map((each) => [name, each])]);
const leaves = groups.flatMap(({ name, below }) => (below.length === 0 ? [[name]] : below.map((each) => [name, each])));

async function run(...args: readonly string[]) {
  const { io, written } = fakeIo();
  return { code: await runCommandLine(args, io), ...written() };
}

describe('help', () => {
  it.each(all.map((words) => [words.join(' '), words] as const))(
    'of "%s" works, and says what it is',
    async (_name, words) => {
      const { code, out, err } = await run(...words, '--help');
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(new RegExp(`^Usage: hookring ${words.join(' ')} `));
      expect(out.split('\n')[2]).toMatch(/^[A-Za-z]/);
    },
  );

  it.each(leaves.map((words) => [words.join(' '), words] as const))('of "%s" has an example', async (name, words) => {
    const { out } = await run(...words, '--help');
    expect(out.slice(out.indexOf('display help'))).toContain(`hookring ${name}`);
  });

  it('describes every option', () => {
    for (const command of children(program).flatMap((each) => [each, ...children(each)])) {
      for (const { flags, description } of command.options) expect([flags, description === '']).toEqual([flags, false]);
    }
  });
});

/** `| \`name\` | text |` of the first table. */
function rows(): ReadonlyMap<string, string> {
  const [table = ''] = DOCUMENT.split('\n## ');
  return new Map([...table.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name = '', text = '']) => [name, text]));
}

describe('docs/cli.md', () => {
  it('lists every command, and none that there is not', () => {
    expect([...rows().keys()].toSorted()).toEqual(groups.map(({ name }) => name).toSorted());
  });

  it.each(groups.filter(({ below }) => below.length > 0))('lists what stands below $name', ({ name, below }) => {
    const words = [...(rows().get(name) ?? '').matchAll(/`([a-z]+)`/g)].map(([, word = '']) => word);
    expect(words.toSorted()).toEqual([...below].toSorted());
  });
});

describe('a mistake on the command line', () => {
  it.each([
    [['endpoint', 'list'], 'endpoints'],
    [['endpoints', 'lst'], 'list'],
    [['deliveries', 'list', '--statsu', 'dead'], '--status'],
    [['deliveries', 'list', '--status', 'ded'], 'Did you mean dead?'],
    [['recover', 'ep_1', '--since', '1h', '--status', 'succeded'], 'Did you mean succeeded?'],
    [['recover', 'ep_1', '--since', 'yesterday'], '2h for two hours ago'],
    [['recover', 'ep_1'], '--since'],
    [['endpoints', 'show'], "missing required argument 'endpoint'"],
    [['endpoints', 'list', '--limit', 'many'], 'whole number'],
    [['endpoints'], 'Usage: hookring endpoints'],
    [['completion', 'tcsh'], 'bash, zsh, fish'],
    [[], 'First steps'],
    [['prune', '--older-than', '999999999w'], '100 years at most'],
    [['keys', 'create', '--expires', '999999999w'], '100 years at most'],
  ])('%j is told what was meant, with exit code 2', async (words, hint) => {
    const { code, out, err } = await run(...words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(hint);
    // No guess is better than an empty one.
    expect(err).not.toContain('Did you mean ?');
  });

  it.each([
    [['endpoint', 'list'], "unknown command 'endpoint' (Did you mean endpoints?)"],
    [['deliveries', 'list', '--statsu', 'dead'], "unknown option '--statsu' (Did you mean --status?)"],
    [['deliveries', 'list', '--status', 'ded'], '(Did you mean dead?)'],
    [['recover', 'ep_1'], '--since'],
    [['endpoints'], "unknown option '--json'"],
  ])('%j is one line of JSON when JSON was asked for', async (words, detail) => {
    const { code, out, err } = await run(...words, '--json');
    expect([code, err, out.split('\n').length]).toEqual([2, '', 2]);
    const { error } = JSON.parse(out) as { error: { code: string; detail: string } };
    expect(error.code).toBe('usage');
    expect(error.detail).toContain(detail);
    expect(error.detail).not.toContain('error:');
  });
});
