import type { DatabaseSync } from 'node:sqlite';
import type { Reader } from '../port.ts';
import { IN_MEMORY, openReaderConnection, openWriterConnection } from './connection.ts';
import type { ReaderLink, WriterLink } from './link.ts';
import type { MigrateOptions } from './migrate.ts';
import { createSyncReader } from './reader/reader.ts';
import { createRemoteReader } from './remote-reader.ts';
import type { Answer } from './wire/batch.ts';
import { createWriter } from './writer/writer.ts';

/** Reader and writer in the calling thread: for tests and simulations. */
export function openInline(
  path: string,
  now: number,
  options: MigrateOptions = {},
): { writer: WriterLink; reader: ReaderLink } {
  const db = openWriterConnection(path, options);
  // A database in memory belongs to one connection, which is safe to share: nothing runs between its statements.
  return {
    writer: inlineWriter(db, now),
    reader: inlineReader(path === IN_MEMORY ? db : openReaderConnection(path), path),
  };
}

export function inlineWriter(db: DatabaseSync, now: number): WriterLink {
  const writer = createWriter(db, now);
  let answered: ((answer: Answer) => void) | null = null;
  return {
    incarnation: writer.incarnation,
    post: (batch) => answered?.(writer.run(batch)),
    onAnswer(listener) {
      answered = listener;
    },
    onGone() {},
    checkpoint: () => writer.checkpoint(),
    async close() {
      writer.close();
    },
  };
}

export function inlineReader(db: DatabaseSync, path: string): ReaderLink {
  const reader = createSyncReader(db);
  const remote: Reader = createRemoteReader(async (method, args) => {
    // The arguments are those of this method: createRemoteReader pairs them.
    const answer = reader[method] as (...values: readonly unknown[]) => unknown;
    return answer(...args);
  });
  return {
    reader: remote,
    onGone() {},
    async close() {
      if (path !== IN_MEMORY) db.close();
    },
  };
}
