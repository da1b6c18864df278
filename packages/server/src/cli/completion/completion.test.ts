import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../domain/scope.ts';
import { buildProgram } from '../program.ts';
import { fakeIo } from '../testing/fake-io.ts';
import { completionScript, SHELLS, type Shell } from './scripts.ts';
import { type CompletedCommand, completedCommands } from './tree.ts';

let folder: string;
let commands: readonly CompletedCommand[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hookring-completion-'));
  commands = await completedCommands(buildProgram(fakeIo().io, { exitCode: 0 }));
  for (const shell of SHELLS) writeFileSync(join(folder, `hookring.${shell}`), completionScript(shell, commands));
  writeFileSync(join(folder, 'with space.json'), '');
  writeFileSync(join(folder, 'zshrc'), ZSH_PTY);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Asks a real bash as it would ask itself, for a line that ends where the cursor is. */
function bash(line: string): string[] {
  // What bash takes for words: also `=` and `:` stand alone.
  const words = line.split(/ +|(?=[=:])|(?<=[=:])/);
  const script = `source hookring.bash; COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _hookring; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', ['--norc', '-c', script, 'bash', ...words]);
}

/** A terminal of its own for zsh, whose completion works in a line editor only. What it would insert is printed instead. */
const ZSH_PTY = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -C -d ./zcompdump; source ./hookring.zsh; compadd() { if [[ " $* " == *" -O "* || " $* " == *" -A "* || " $* " == *" -D "* ]]; then builtin compadd "$@"; return; fi; typeset -a __hits; builtin compadd -O __hits "$@"; local h; for h in $__hits; do print -r -- "HIT<$h>"; done; builtin compadd "$@"; }; list() { zle list-choices; print -r -- "THE""END" }; zle -N list; bindkey "^I" list; LISTMAX=1000; print REA""DY'
zpty -r shell output '*READY*'
zpty -w -n shell "$1"$'\\t'
zpty -r shell output '*THEEND*'
print -r -- "$output"
`;

function zsh(line: string): string[] {
  const output = run('zsh', ['-f', 'zshrc', line]).join('\n');
  return [...new Set([...output.matchAll(/HIT<([^>]*)>/g)].map(([, hit = '']) => hit))];
}

function fish(line: string): string[] {
  const script = `source hookring.fish; complete -C ${JSON.stringify(line)}`;
  return run('fish', ['--no-config', '-c', script]).map((each) => each.split('\t')[0] ?? '');
}

function run(program: string, args: readonly string[]): string[] {
  const out = execFileSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, HOME: folder, TERM: 'xterm' },
  });
  return out.split('\n').filter((line) => line !== '');
}

const ASK: Readonly<Record<Shell, (line: string) => string[]>> = { bash, zsh, fish };

describe.each(SHELLS)('completion in %s', (shell) => {
  const isMissing = spawnSync(shell, ['--version']).error !== undefined;
  const ask = ASK[shell];

  it.skipIf(isMissing).each([
    ['hookring del', ['deliveries']],
    ['hookring deliveries ', ['list', 'show', 'resend', 'tail']],
    ['hookring deliveries l', ['list']],
    ['hookring deliveries list --status d', ['dead']],
    ['hookring deliveries list --limit 5 --status su', ['succeeded']],
    ['hookring deliveries list --json --sta', ['--status']],
    ['hookring serve --log-level w', ['warn']],
    ['hookring serve --root-dialect moon', ['moonborn']],
    ['hookring serve --allow-http --log-l', ['--log-level']],
    ['hookring openapi --dialect na', ['native']],
    ['hookring completion z', ['zsh']],
    ['hookring endpoints create https://example.com/hooks --keyring o', ['own', 'organization']],
    ['hookring keys create --name list --ex', ['--expires']],
    ['hookring send invoice.paid --file with', ['with space.json']],
    ['hookring rotate ep_1 --secret - --gr', ['--grace']],
  ])('completes %j', (line, wanted) => {
    const found = ask(line).map((each) => each.replaceAll('\\ ', ' '));
    expect(found.toSorted()).toEqual([...wanted].toSorted());
  });

  it.skipIf(isMissing)('offers scopes, which hold colons', () => {
    expect(ask('hookring keys create --scope ')).toEqual(expect.arrayContaining([...SCOPES]));
    // bash replaces only what stands behind the colon.
    const wanted = shell === 'bash' ? ['read', 'write'] : ['endpoints:read', 'endpoints:write'];
    expect(ask('hookring keys create --scope endpoints:').toSorted()).toEqual(wanted);
  });

  it.skipIf(isMissing)('offers nothing where only the user knows', () => {
    expect(ask('hookring endpoints show ')).toEqual([]);
    expect(ask('hookring deliveries list --endpoint ')).toEqual([]);
  });

  it.skipIf(isMissing || shell === 'fish')('understands a value behind an equals sign', () => {
    expect(ask('hookring deliveries list --status=dea')).toEqual(['dead']);
  });
});

it('is made from every command and option of the program', () => {
  expect(commands.map(({ words }) => words.join(' '))).toEqual(
    expect.arrayContaining(['', 'serve', 'endpoints recover', 'recover', 'deliveries tail', 'config', 'completion']),
  );
  for (const shell of SHELLS) {
    const script = completionScript(shell, commands);
    for (const { options } of commands) {
      for (const name of options.flatMap(({ names }) => names)) {
        expect(script).toContain(
          shell === 'fish' && name.startsWith('--')
            ? `-l ${name.slice(2)} `
            : name.replace(/^-(?=.$)/, shell === 'fish' ? '-s ' : '-'),
        );
      }
    }
  }
});
