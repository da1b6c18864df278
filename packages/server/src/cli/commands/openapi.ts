import { type Command, Option } from 'commander';
import { writeLine } from '../io.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';
import { findDialect } from './dialects.ts';

const PATH = '/openapi.json';

export function openapiCommand(run: Run): Command {
  return serverCommand('openapi', 'print the OpenAPI 3.1 document of the native API, or of a dialect')
    .addOption(new Option('--dialect <name>', 'the dialect, as in "hookring dialects"').default('native'))
    .action(async (options: { dialect: string }) => {
      await run(options, async (session) => {
        const place =
          options.dialect === 'native' ? {} : { prefix: (await findDialect(session, options.dialect)).prefix };
        const document = await session.call({ method: 'GET', path: PATH, ...place });
        writeLine(session.io.stdout, JSON.stringify(document, null, 2));
      });
    });
}
