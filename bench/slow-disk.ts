/**
 * Given to a server by `--import`: every commit takes longer by the milliseconds of BENCH_COMMIT_MS, as on a
 * slow disk. The thread that commits sleeps; nothing else is changed.
 */
import { DatabaseSync } from 'node:sqlite';

const delayMs = Number(process.env['BENCH_COMMIT_MS'] ?? 0);
const cell = new Int32Array(new SharedArrayBuffer(4));
const exec: (this: DatabaseSync, sql: string) => void = Reflect.get(DatabaseSync.prototype, 'exec');

DatabaseSync.prototype.exec = function slowExec(sql: string): void {
  exec.call(this, sql);
  if (sql === 'COMMIT') Atomics.wait(cell, 0, 0, delayMs);
};
