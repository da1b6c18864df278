// The commands behind `npm start`, `npm test` and the others. Plain JavaScript without dependencies: it runs on a bare
// checkout and on an older Node, installs what is missing, and goes on with the Node that the project pins.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runChecks, runTests } from './checks.mjs';
import { ensureInstalled, fail, isNodeNewEnough, mirror, ROOT, runNode } from './setup.mjs';

const COMMANDS = {
  start: (args) => inProcess('packages/server/src/cli/main.ts', ['serve', ...args]),
  tour: (args) => inProcess('tour/main.ts', args),
  bench: (args) => inProcess('bench/main.ts', args),
  simulate: (args) => inProcess('simulation/main.ts', args),
  soak: (args) => inProcess('bench/soak/main.ts', args),
  faults: (args) => inProcess('faults/main.ts', args),
  pack: (args) => inProcess('scripts/pack.ts', args),
  test: (args) => runTests(args, { long: false }),
  prove: (args) => runTests(args, { long: true }),
  check: () => runChecks(),
  format: () => runNode([join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--write', '.'], { cwd: ROOT }),
};

/** Without a process in between when this Node will do: signals then have one receiver. */
async function inProcess(path, args) {
  const program = join(ROOT, path);
  if (!existsSync(program)) return fail(`${path} is missing from this checkout`);
  if (!isNodeNewEnough()) return await runNode([program, ...args]);
  process.argv.splice(1, process.argv.length - 1, program, ...args);
  await import(pathToFileURL(program).href);
  return null;
}

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
});

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command === undefined) fail(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
// Looking up a name holds one of these threads; with Node's own 4, a few dead names would delay all others.
process.env.UV_THREADPOOL_SIZE ??= '16';
ensureInstalled();
const ending = await command(args);
if (ending !== null) mirror(ending);
