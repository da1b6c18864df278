import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Scope } from '../../domain/scope.ts';
import { dialectNames, scopeNames, suggest } from '../completion/suggest.ts';
import { CommandFailure, EXIT, usage } from '../exit.ts';
import { readStdin, writeLine } from '../io.ts';
import { collect } from '../options.ts';
import { progressBar } from '../progress.ts';
import type { Run } from '../run.ts';
import { type Session, serverCommand } from '../session.ts';
import { type LineFault, readKeyFile } from './key-file.ts';
import { type Imported, sendKeys } from './send-keys.ts';

/** Faults that are shown one by one. */
const FAULTS_SHOWN_MAX = 20;

type ImportOptions = { readonly dialect?: string; readonly scope?: string[] };

/** For a company that has given out tokens before: they go on working, and Hookring never sees them. */
export function keysImportCommand(run: Run, usualScopes: readonly Scope[]): Command {
  return serverCommand('import', 'take over tokens that were given out before, by their SHA-256')
    .argument('<file>', 'a hash on each line, and behind a comma its name if it has one; - reads standard input')
    .addOption(
      suggest(new Option('--dialect <name>', 'whose scope names; every key works in every dialect'), dialectNames),
    )
    .addOption(
      suggest(
        new Option('--scope <scope>', 'what they may do; repeat for several (usual ones unless given)').argParser(
          collect,
        ),
        scopeNames,
      ),
    )
    .addHelpText(
      'after',
      `
Each line is the SHA-256 of a token, as 64 characters of hex, alone or with a name:
  9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08,billing service

Nothing is imported when a line cannot be read. It can be stopped and run again at any time: what was imported stays, and
is counted as imported before, and keeps the scopes that it was imported with.

Example:
  hookring keys import --org customer-4711 --scope endpoints:read keys.csv`,
    )
    .action(async (file: string, options: ImportOptions) => {
      await run(options, async (session) => {
        const keys = readKeyFile(await fileText(session, file));
        if (!keys.ok) throw unreadable(keys.faults);
        const { lines } = keys;
        const scopes = options.scope ?? usualScopes;
        const progress = progressBar(session.io, session.json, { label: 'Importing keys' });
        const imported = await sendKeys(lines, {
          send: ({ tokenHash, name }) =>
            session.call({
              method: 'POST',
              path: '/keys',
              body: { name: name === '' ? undefined : name, dialect: options.dialect, scopes, tokenHash },
            }),
          wait: setTimeout,
          tell: (done) => progress.show({ done, total: lines.length }),
        }).finally(() => progress.end());
        tell(session, imported);
      });
    });
}

async function fileText(session: Session, file: string): Promise<string> {
  if (file !== '-') {
    const bytes = await readFile(resolve(session.io.cwd, file)).catch(() => null);
    if (bytes === null) throw usage(`cannot read ${file}`);
    return bytes.toString('utf8');
  }
  if (session.io.stdin.isTTY === true) throw usage('there is nothing to import', 'Name a file, or pipe it in.');
  const bytes = await readStdin(session.io);
  if (bytes === null) throw usage('standard input is too long', 'Split it, or name a file.');
  return bytes.toString('utf8');
}

function unreadable(faults: readonly LineFault[]): CommandFailure {
  const many = faults.length === 1 ? 'a line that cannot' : `${faults.length} lines that cannot`;
  return new CommandFailure({
    detail: `nothing was imported: the file has ${many} be imported`,
    exitCode: EXIT.USAGE,
    code: 'usage',
    errors: faults.slice(0, FAULTS_SHOWN_MAX).map(({ line, detail, code }) => ({
      pointer: `line ${line}`,
      detail: `line ${line} ${detail}`,
      code,
    })),
    hint: 'Each line is 64 characters of hex, and behind a comma a name: hookring keys import --help',
  });
}

function otherScopesKept(count: number): string {
  const who =
    count === 1 ? '1 key that was imported before keeps its' : `${count} keys that were imported before keep their`;
  return `warning: ${who} scopes, which are not those of this run: what a key may do never changes`;
}

function tell(session: Session, result: Imported): void {
  const { imported, alreadyImported, otherScopes, failed } = result;
  session.print(result, () => {
    const before = alreadyImported === 0 ? '' : `, ${alreadyImported} imported before`;
    return `${imported} ${imported === 1 ? 'key' : 'keys'} imported${before}${failed.length === 0 ? '.' : `, ${failed.length} refused.`}`;
  });
  // For scripts too: what they asked for is not so, and nothing else says it.
  if (otherScopes > 0) writeLine(session.io.stderr, otherScopesKept(otherScopes));
  for (const { line, detail } of failed.slice(0, FAULTS_SHOWN_MAX)) session.note(`line ${line}: ${detail}`);
  if (failed.length > FAULTS_SHOWN_MAX)
    session.note(`… and ${failed.length - FAULTS_SHOWN_MAX} more; --json tells all`);
  if (failed.length > 0) session.fail();
}
