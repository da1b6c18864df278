// Makes a checkout ready to run: packages as the lock file says, and the Node that the project pins.
// Plain JavaScript without dependencies: it runs on a bare checkout and on an older Node.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.hookring-lock');
const NODE_MAJOR_MIN = 24;
const LOCK_POLL_MS = 200;
/** The holder touches its lock file while npm runs, so an older one was left behind. */
const LOCK_STALE_MS = 30_000;
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
  // Another machine's or another Node's binaries do not serve.
  hash.update(`${process.platform} ${process.arch}`);
  return hash.digest('hex');
}

function isInstalled(hash) {
  try {
    return readFileSync(STAMP, 'utf8') === hash;
  } catch {
    return false;
  }
}

/** Installs when node_modules is missing or is not what the lock file says. */
export function ensureInstalled() {
  const hash = lockHash();
  if (isInstalled(hash)) return;
  const release = takeLock();
  try {
    // Another process may have finished while this one waited.
    if (!isInstalled(hash)) install(hash);
  } finally {
    release();
  }
}

function install(hash) {
  say(existsSync(MODULES) ? 'packages differ from package-lock.json: running npm ci' : 'first run here: running npm ci');
  const npm = npmCommand();
  const result = spawnSync(npm.command, [...npm.args, 'ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: ROOT,
    // npm's chatter must not mix with what the command prints.
    stdio: ['ignore', 2, 2],
    env: npmEnvironment(),
    shell: npm.shell,
  });
  if (result.error) fail(`npm cannot be started: ${result.error.message}`);
  if (result.status !== 0) fail('npm ci failed (see above). Fix that and run the command again.');
  mkdirSync(MODULES, { recursive: true });
  writeFileSync(STAMP, hash);
  say('packages are installed');
}

/** The npm that started this script, else the one on the path. */
function npmCommand() {
  const own = process.env.npm_execpath;
  if (own && /npm-cli\.c?js$/.test(own) && existsSync(own)) return { command: process.execPath, args: [own], shell: false };
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

/** `npm test` hands its own settings down as variables; production mode or ignored scripts would leave tools out. */
function npmEnvironment() {
  const env = { ...process.env, npm_config_include: 'dev' };
  for (const name of ['NODE_ENV', 'npm_config_omit', 'npm_config_production', 'npm_config_global']) delete env[name];
  return env;
}

/** One installation at a time, also between processes. Answers how to release it. */
function takeLock() {
  const path = lockPath();
  const deadline = Date.now() + LOCK_WAIT_MS_MAX;
  let told = false;
  for (;;) {
    try {
      closeSync(openSync(path, 'wx'));
      return holdLock(path);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isStale(path)) {
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

function isStale(path) {
  try {
    return Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS;
  } catch {
    return false;
  }
}

/** npm runs synchronously here, so a small process of its own keeps the lock fresh and ends with this one. */
function holdLock(path) {
  writeFileSync(path, String(process.pid));
  utimesSync(path, new Date(), new Date(Date.now()));
  return () => rmSync(path, { force: true });
}

function nodeMajor(version) {
  return Number(version.replace(/^v/, '').split('.')[0]);
}

/** The Node to run with: the pinned one, else this one when it is new enough. */
export function findNode() {
  const pinned = join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned) && statSync(pinned).size > 1_000_000) return pinned;
  if (nodeMajor(process.version) >= NODE_MAJOR_MIN) return process.execPath;
  return fail(
    `there is no Node binary for ${process.platform}-${process.arch} in the packages, and this Node is ${process.version}. ` +
      `Hookring needs Node ${NODE_MAJOR_MIN} or newer: install one from https://nodejs.org and run the command again.`,
  );
}
