import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { dialectNames, suggest } from '../completion/suggest.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { writeLine } from '../io.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import { findDialect } from './dialects.ts';

const PATH = '/openapi.json';

export function openapiCommand(run: Run): Command {
  return serverCommand('openapi', 'print the OpenAPI 3.1 document of the native API, or of a dialect')
    .addOption(
      suggest(new Option('--dialect <name>', 'the dialect, as in "hookring dialects"').default('native'), dialectNames),
    )
    .addOption(suggest(new Option('-o, --output <file>', 'write it to a file'), 'files'))
    .addHelpText(
      'after',
      '\nExamples:\n  hookring openapi -o hookring.json\n  hookring openapi --dialect moonborn | jq .paths',
    )
    .action(async (options: { dialect: string; output?: string }) => {
      await run(options, async (session) => {
        const place =
          options.dialect === 'native' ? {} : { prefix: (await findDialect(session, options.dialect)).prefix };
        const document = JSON.stringify(await session.call({ method: 'GET', path: PATH, ...place }), null, 2);
        if (options.output === undefined) {
          writeLine(session.io.stdout, document);
          return;
        }
        const file = resolve(session.io.cwd, options.output);
        await writeWhole(file, `${document}\n`);
        session.print({ file }, () => `Written to ${file}`);
      });
    });
}

/** A file that is there stays as it was until the new one is whole. */
async function writeWhole(file: string, content: string): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, content, { flag: 'wx' });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CommandFailure({ detail: `cannot write ${file} (${code})`, exitCode: EXIT.FAILED, code: 'not_written' });
  }
}
