// Makes a checkout ready to run: packages as the lock file says, and the Node that the project pins.
// Plain JavaScript without dependencies: it runs on a bare checkout and on an older Node.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
/** Says for which lock file and which machine node_modules was made. */
const STAMP = join(MODULES, '.hookring-lock');
const PINNED_NODE = join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const NODE_MAJOR_MIN = 24;
/** Where the platform has no binary, a small placeholder stands in its place. */
const NODE_BYTES_MIN = 1_000_000;
const LOCK_POLL_MS = 200;
/** A lock without a process id in it was made a moment ago, or its maker died at that moment. */
const LOCK_EMPTY_MS_MAX = 10_000;
const LOCK_WAIT_MS_MAX = 15 * 60_000;

/** Everything goes to standard error: standard output belongs to the command. */
export function say(line) {
  process.stderr.write(`hookring: ${line}\n`);
}

export function fail(line) {
  say(line);
  process.exit(1);
}

function lockHash() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  // Another machine's binaries do not serve.
  hash.update(`${process.platform} ${process.arch}`);
  return hash.digest('hex');
}

function isStamped(hash) {
  try {
    return readFileSync(STAMP, 'utf8') === hash;
  } catch {
    return false;
  }
}

/** Installs when node_modules is missing or is not what the lock file says. */
export function ensureInstalled() {
  // A copy of the sources without a lock file brings its packages along.
  if (!existsSync(join(ROOT, 'package-lock.json'))) return;
  const hash = lockHash();
  if (isStamped(hash)) return;
  const release = takeLock();
  try {
    // Another process may have finished while this one waited.
    if (isStamped(hash)) return;
    if (!isInstalledByHand()) install();
    ensurePinnedNode();
    writeFileSync(STAMP, hash);
  } finally {
    release();
  }
}

/** npm keeps a lock file of what it installed: a plain `npm install` counts too. */
function isInstalledByHand() {
  try {
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(MODULES, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (!path.includes('node_modules/') || entry.optional || entry.peer) return true;
      return present[path]?.version === entry.version && existsSync(join(ROOT, path));
    });
  } catch {
    return false;
  }
}

function install() {
  say(
    existsSync(MODULES) ? 'packages differ from package-lock.json: running npm ci' : 'first run here: running npm ci',
  );
  const clean = runNpm(['ci', '--no-fund', '--no-audit', '--loglevel=error'], 'pipe');
  if (clean.error) fail(`npm cannot be started: ${clean.error.message}`);
  if (clean.status !== 0) {
    const output = `${clean.stdout}${clean.stderr}`;
    if (!lacksOnlyOtherPlatforms(output)) {
      process.stderr.write(output);
      fail('npm ci failed (see above). Fix that and run the command again.');
    }
    say('npm ci does not take this lock file, which lacks packages of other platforms: running npm install');
    const result = runNpm(['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], 2);
    if (result.status !== 0) fail('npm install failed (see above). Fix that and run the command again.');
  }
  mkdirSync(MODULES, { recursive: true });
  say('packages are installed');
}

/**
 * A lock file that was made with a registry that mirrors one platform lacks the binaries of the others, and npm ci wants
 * it whole. npm install takes the same versions from it and does not look for the rest.
 */
function lacksOnlyOtherPlatforms(output) {
  const missing = [...output.matchAll(/Missing: (\S+)@\S* from lock file/g)].map((match) => match[1]);
  if (missing.length === 0 || /Invalid: /.test(output)) return false;
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const optional = new Set(Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {})));
  return missing.every((name) => optional.has(name));
}

/** With install scripts switched off, npm leaves the package `node` without its binary. */
function ensurePinnedNode() {
  const installer = join(MODULES, 'node', 'installArchSpecificPackage.js');
  if (!hasPinnedNode() && existsSync(installer)) {
    say('fetching the Node that this project pins');
    spawnSync(process.execPath, [installer], {
      cwd: dirname(installer),
      stdio: ['ignore', 2, 2],
      env: npmEnvironment(),
    });
  }
  if (hasPinnedNode() && spawnSync(PINNED_NODE, ['--version']).status !== 0) {
    say(`the Node in the packages does not run on this machine`);
    rmSync(PINNED_NODE, { force: true });
  }
}

/** npm's chatter must not mix with what the command prints: it goes to `output`, a descriptor or a pipe. */
function runNpm(args, output) {
  const options = { cwd: ROOT, stdio: ['ignore', output, output], encoding: 'utf8', env: npmEnvironment() };
  const result = spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  const own = process.env.npm_execpath;
  if (result.error?.code !== 'ENOENT' || !own || !existsSync(own)) return result;
  return spawnSync(process.execPath, [own, ...args], options);
}

/**
 * `npm test` hands its own settings down as variables: production mode would leave the tools out. And npm must not run
 * on the Node inside node_modules, which it is about to remove.
 */
function npmEnvironment() {
  const env = { ...process.env, npm_config_include: 'dev' };
  for (const name of [
    'NODE_ENV',
    'npm_config_omit',
    'npm_config_production',
    'npm_config_global',
    'npm_config_dry_run',
  ]) {
    delete env[name];
  }
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(MODULES));
  return { ...env, PATH: path.join(delimiter) };
}

/** One installation at a time, also between processes. Answers how to release it. */
function takeLock() {
  const path = lockPath();
  const deadline = Date.now() + LOCK_WAIT_MS_MAX;
  let told = false;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) say('another process is installing the packages: waiting for it');
    told = true;
    if (Date.now() > deadline) fail(`gave up waiting; if nothing is installing, remove ${path}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
}

/** Outside of node_modules, which npm ci removes; named after the checkout. */
function lockPath() {
  return join(tmpdir(), `hookring-install-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}.lock`);
}

/** Its process is gone without having released it. */
function isAbandoned(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 0) return Date.now() - statSync(path).mtimeMs > LOCK_EMPTY_MS_MAX;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function hasPinnedNode() {
  try {
    return statSync(PINNED_NODE).size >= NODE_BYTES_MIN;
  } catch {
    return false;
  }
}

/** Is the Node that runs this new enough to run the server itself? */
export function isNodeNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
}

/** The Node to run with: the pinned one, else this one when it is new enough. */
export function findNode() {
  if (hasPinnedNode()) return PINNED_NODE;
  if (isNodeNewEnough()) return process.execPath;
  return fail(
    `there is no Node for ${process.platform}-${process.arch} among the packages, and this one is ${process.version}. ` +
      `Hookring needs Node ${NODE_MAJOR_MIN} or newer: install it from https://nodejs.org and run the command again.`,
  );
}

/** Children find the pinned Node and the tools first. */
export function childEnvironment(more = {}) {
  return { ...process.env, PATH: [join(MODULES, '.bin'), process.env.PATH ?? ''].join(delimiter), ...more };
}

/**
 * Runs a program of this checkout in the same process group and answers how it ended. Ctrl-C in a terminal reaches the
 * whole group, so it is not passed on: the child would get it twice. Without a terminal it comes to this process only.
 */
export function runNode(args, options = {}) {
  const child = spawn(findNode(), args, {
    stdio: options.stdio ?? 'inherit',
    env: childEnvironment(options.env),
    cwd: options.cwd,
  });
  if (options.onOutput) child.stdout.on('data', options.onOutput);
  const pass = (signal) => child.kill(signal);
  const handlers = {
    SIGINT: () => (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY ? undefined : pass('SIGINT')),
    SIGTERM: () => pass('SIGTERM'),
    SIGHUP: () => pass('SIGHUP'),
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return new Promise((resolve) => {
    const settle = (ending) => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
      resolve(ending);
    };
    child.once('error', (error) => {
      say(`cannot start ${args[0]}: ${error.message}`);
      settle({ code: 1, signal: null });
    });
    child.once('close', (code, signal) => settle({ code, signal }));
  });
}

/** Ends this process the way the child ended. */
export function mirror({ code, signal }) {
  if (signal !== null && signal !== undefined) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
}
