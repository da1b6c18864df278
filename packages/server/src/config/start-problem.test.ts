import { expect, it } from 'vitest';
import { StoreUnavailable } from '../store/port.ts';
import { attempted } from './start-problem.ts';

function sqlite(message: string, errcode: number): Error {
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
}

function system(code: string, facts: object = {}): Error {
  return Object.assign(new Error(code), { code, ...facts });
}

async function problemOf(error: Error): Promise<string> {
  const result = await attempted(async () => {
    throw error;
  });
  return result.ok ? 'it started' : result.problem;
}

it.each([
  [system('EROFS', { path: '/data/h.db.lock' }), /read-only: make it writable, or .* \(EROFS: \/data\/h\.db\.lock\)$/],
  [system('ENOENT', { syscall: 'mkdir', path: '/data/new' }), /the folder \/data\/new cannot be made/],
  [system('EACCES', { path: '/data/h.db' }), /^this user may not use \/data\/h\.db \(EACCES\)$/],
  [system('EACCES'), /that port or file/],
  [system('ENOSPC'), /the disk is full: make room/],
  [sqlite('attempt to write a readonly database', 8), /cannot be opened: attempt .*; this user may not write it/],
  [sqlite('database or disk is full', 13), /; the disk is full: make room/],
  [sqlite('disk I/O error', 10 | (3 << 8)), /full, read-only or broken/],
  [sqlite('malformed', 11), /^the database cannot be opened: malformed$/],
  [new StoreUnavailable('commit_failed', { cause: new Error('disk I/O error') }), /cannot be written: disk I\/O error/],
  [
    new StoreUnavailable('commit_failed', { cause: system('42P05') }),
    /set HOOKRING_DATABASE_POOLER=transaction \(42P05\)$/,
  ],
])('tells the operator of %s what to do', async (error, words) => {
  expect(await problemOf(error)).toMatch(words);
});

it('leaves what no operator can mend as it is', async () => {
  const defect = new TypeError('undefined is not a function');
  await expect(problemOf(defect)).rejects.toBe(defect);
});
