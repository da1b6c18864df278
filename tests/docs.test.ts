/** What the manual prints works: commands are those of the program, links lead somewhere. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../packages/server/src/cli/program.ts';
import { commandsOf, commandsOfShell, type DocCommand } from '../testbed/doc-commands.ts';
import { ROOT } from '../testbed/published.ts';

const PAGES = globSync(['*.md', 'docs/**/*.md', 'bench/*.md', 'packages/*/README.md'], { cwd: ROOT }).toSorted();
/** What points at pages and is no page itself. */
const POINTERS = globSync(['docs/**/*.{yml,yaml,json}'], { cwd: ROOT }).toSorted();
/** A sentence may name a command without what it needs; no sentence may name one that is not there. */
const LEFT_OUT = new Set(['commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.help']);

function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

type Program = ReturnType<typeof buildProgram>;

/** The real program, whose commands do nothing. */
function idleProgram(write: (text: string) => void = () => {}): Program {
  const sink = new Writable({
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  const stdin = { async *[Symbol.asyncIterator]() {} };
  const program = buildProgram(
    {
      stdout: sink,
      stderr: sink,
      stdin,
      columns: null,
      color: false,
      liveErrors: false,
      env: {},
      cwd: ROOT,
      now: () => 0,
    },
    { exitCode: 0 },
  );
  for (const command of everyCommand(program)) if (command.commands.length === 0) command.action(() => {});
  return program;
}

function everyCommand(command: Program): Program[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** What the program says against a command line, or null. */
async function problemOf({ args, isMention }: Pick<DocCommand, 'args' | 'isMention'>): Promise<string | null> {
  try {
    await idleProgram().parseAsync([...args], { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const { code, message } = error;
    if (/^commander\.(helpDisplayed|version)$/.test(String(code))) return null;
    return isMention && LEFT_OUT.has(String(code)) ? null : `hookring ${args.join(' ')}: ${message}`;
  }
}

/** As the places where the manual is read make them from a heading. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const withoutCode = markdown.replaceAll(/^```.*?^```/gms, '');
  for (const [, heading = ''] of withoutCode.matchAll(/^#{1,6} (.+)$/gm)) {
    const base = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function brokenLinks(file: string): string[] {
  const text = textOf(file).replaceAll(/^```.*?^```/gms, '');
  const targets = [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => {
    if (/^(https?|mailto):/.test(target)) return false;
    const [place = '', anchor] = target.split('#');
    const found = place === '' ? file : path.join(path.dirname(file), place);
    if (!existsSync(path.join(ROOT, found))) return true;
    if (anchor === undefined) return false;
    return !statSync(path.join(ROOT, found)).isFile() || !anchorsOf(textOf(found)).has(anchor);
  });
}

describe.each(PAGES)('%s', (file) => {
  it('prints commands that the program has', async () => {
    const problems = await Promise.all(
      commandsOf(textOf(file)).map(async (command) => {
        const problem = await problemOf(command);
        return problem === null ? [] : [`line ${command.line}: ${problem}`];
      }),
    );
    expect(problems.flat()).toEqual([]);
  });

  it('has links that lead somewhere', () => {
    expect(brokenLinks(file)).toEqual([]);
  });
});

describe('the manual', () => {
  it('has the runbook at the anchors that alerts lead to', () => {
    const anchors = anchorsOf(textOf('docs/operations.md'));
    const wanted = [...POINTERS, ...PAGES].flatMap((file) =>
      [...textOf(file).matchAll(/operations\.md#([\w-]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(wanted.filter((anchor) => !anchors.has(anchor))).toEqual([]);
    for (const anchor of [
      'deliveries-are-late',
      'nothing-is-delivered',
      'accept-answers-503',
      'disk-is-filling',
      'one-endpoint-fails',
      'the-event-loop-is-blocked',
      'memory-grows',
      'a-secret-expires-soon',
      'the-server-restarts',
      'commits-are-slow',
    ])
      expect(anchors).toContain(anchor);
  });

  it('prints in its help, too, only commands that it has', async () => {
    let help = '';
    const program = idleProgram((text) => (help += text));
    for (const command of everyCommand(program)) command.outputHelp();
    const lines = help.split('\n').filter((line) => /^\s+([A-Z_]+=\S+ )*hookring /.test(line));
    expect(lines.length).toBeGreaterThan(20);
    // Remarks stand behind a wide gap.
    const commands = lines.flatMap((line) => commandsOfShell(line.trim().split(/\s{3,}/)[0] ?? ''));
    const problems = await Promise.all(commands.map(async (args) => await problemOf({ args, isMention: false })));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });
});

describe('the search for commands', () => {
  it('finds what a shell would start, and takes it apart as a shell does', () => {
    expect(commandsOfShell(`A=1 npx hookring send a.b '{"x": 1}' --json | jq . > out; hookring doctor # --no`)).toEqual(
      [['send', 'a.b', '{"x": 1}', '--json'], ['doctor']],
    );
    expect(commandsOfShell('docker exec box hookring keys list 2>/dev/null')).toEqual([['keys', 'list']]);
    expect(commandsOfShell('hookring rotate <endpoint id> --reason "it \\"leaked\\""')).toEqual([
      ['rotate', 'endpoint-id', '--reason', 'it "leaked"'],
    ]);
    for (const line of [
      'docker build -t hookring .',
      'npm install hookring',
      'journalctl -u hookring -f',
      'cd hookring',
    ])
      expect(commandsOfShell(line), line).toEqual([]);
  });

  it('reads blocks whole and sentences leniently', () => {
    const page = 'Run `hookring rotate`.\n\n```sh\nhookring send \\\n  a.b\n```\n\n    hookring doctor\n';
    expect(commandsOf(page)).toEqual([
      { line: 1, args: ['rotate'], isMention: true },
      { line: 5, args: ['send', 'a.b'], isMention: false },
      { line: 8, args: ['doctor'], isMention: false },
    ]);
  });

  it.each([['nonsense'], ['deliveries', 'nonsense'], ['send', 'a.b', '--nonsense'], ['doctor', 'too', 'many']])(
    'takes %s for a mistake',
    async (...args) => {
      expect(await problemOf({ args, isMention: true })).toContain('hookring');
    },
  );

  it('takes what is missing for a mistake in a block only', async () => {
    expect(await problemOf({ args: ['rotate'], isMention: true })).toBeNull();
    expect(await problemOf({ args: ['rotate'], isMention: false })).toContain('missing required argument');
  });

  it('knows a link that leads nowhere', () => {
    expect(anchorsOf('# A `b`, c\n\n## A `b`, c\n')).toEqual(new Set(['a-b-c', 'a-b-c-1']));
    expect(brokenLinks('README.md')).toEqual([]);
  });
});
