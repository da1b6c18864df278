import { type Command, Option } from 'commander';
import { writeLine } from '../io.ts';
import type { Run } from '../run.ts';
import { serverCommand } from '../session.ts';

export function openapiCommand(run: Run): Command {
  return serverCommand('openapi', 'print the OpenAPI 3.1 document of the native API, or of a dialect')
    .addOption(new Option('--dialect <name>', 'the dialect').default('native'))
    .action(async (options: { dialect: string }) => {
      await run(options, async (session) => {
        const native = options.dialect === 'native';
        const document = await session.call({
          method: 'GET',
          path: native ? '/v1/openapi.json' : '/{}/openapi.json',
          ids: native ? [] : [options.dialect],
        });
        writeLine(session.io.stdout, JSON.stringify(document, null, 2));
      });
    });
}
