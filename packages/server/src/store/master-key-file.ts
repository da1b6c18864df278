import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export type MasterKey = { readonly id: string; readonly key: Uint8Array };

/** A key file that cannot be used. Says which and why, never what is in it. */
export class MasterKeyFileError extends Error {
  override readonly name = 'MasterKeyFileError';
  readonly path: string;
  constructor(path: string, problem: string) {
    super(`the master key file ${path} ${problem}`);
    this.path = path;
  }
}

const KEY_BYTES = 32;
const PRIVATE_MODE = 0o600;
/** Bits that let anyone but the owner at the file. */
const OTHERS_MODE = 0o077;
const LINE = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

export function keyFileOf(databasePath: string): string {
  return `${databasePath}.master-key`;
}

/** The keys of a file, one `id:base64` a line, the first seals; null when there is no file. */
export async function readKeyFile(path: string): Promise<readonly MasterKey[] | null> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & OTHERS_MODE) !== 0) {
      throw new MasterKeyFileError(path, 'can be read by others than its owner: chmod 600 it');
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  return parseKeys(path, text);
}

function parseKeys(path: string, text: string): readonly MasterKey[] {
  const keys: MasterKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, id, base64] = LINE.exec(line.trim()) ?? [];
    const key = Buffer.from(base64 ?? '', 'base64');
    if (id === undefined || key.length !== KEY_BYTES) {
      throw new MasterKeyFileError(path, `has no id:base64 of ${KEY_BYTES} bytes in line ${index + 1}`);
    }
    if (keys.some((known) => known.id === id)) throw new MasterKeyFileError(path, `has two keys ${id}`);
    keys.push({ id, key: new Uint8Array(key) });
  }
  if (keys.length === 0) throw new MasterKeyFileError(path, 'holds no key');
  return keys;
}

/** Makes the file; fails when there is one, whose keys must not be lost. */
export async function createKeyFile(path: string, keys: readonly MasterKey[]): Promise<void> {
  await throughTemporary(path, keys, async (temporary) => {
    await link(temporary, path);
    await unlink(temporary);
  });
}

/** Puts other keys into the file: after a crash it holds either the old ones or the new ones. */
export async function replaceKeyFile(path: string, keys: readonly MasterKey[]): Promise<void> {
  await throughTemporary(path, keys, (temporary) => rename(temporary, path));
}

async function throughTemporary(
  path: string,
  keys: readonly MasterKey[],
  moveInPlace: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', PRIVATE_MODE);
  try {
    await file.writeFile(formatKeys(keys), 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await moveInPlace(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(dirname(path));
}

function formatKeys(keys: readonly MasterKey[]): string {
  const lines = keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`);
  return ['# Master keys of Hookring. Without them no signing secret can be read again.', ...lines, ''].join('\n');
}

/** Makes the new name itself durable. Some systems cannot open a directory; there the rename has to do. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => null);
  if (directory === null) return;
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
