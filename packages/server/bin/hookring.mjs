#!/usr/bin/env node
// Plain JavaScript, so that an old Node can say what is wrong instead of failing on syntax.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NODE_MAJOR_MIN = 24;
const folder = dirname(dirname(fileURLToPath(import.meta.url)));
const setupPath = join(folder, '../../scripts/setup.mjs');
const isNewEnough = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
const sources = join(folder, 'src/cli/main.ts');
const main = existsSync(sources) ? sources : join(folder, 'dist/cli/main.js');
// In a checkout this file installs what is missing and brings its own Node; as a published package it has neither.
const setup = existsSync(setupPath) && main === sources ? await import(pathToFileURL(setupPath).href) : null;

// Looking up a name holds one of these threads; with Node's own 4, a few dead names would delay all others.
process.env.UV_THREADPOOL_SIZE ??= '16';
setup?.ensureInstalled();
if (isNewEnough) {
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
} else if (setup !== null) {
  setup.mirror(await setup.runNode([main, ...process.argv.slice(2)]));
} else {
  process.stderr.write(`hookring: this is Node ${process.version}; Hookring needs Node ${NODE_MAJOR_MIN} or newer.\n`);
  process.exitCode = 1;
}
