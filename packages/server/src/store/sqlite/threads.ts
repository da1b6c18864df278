import { StoreUnavailable } from '../port.ts';
import { createCheckpointer } from './checkpointer.ts';
import { openWriterConnection } from './connection.ts';
import type { ReaderLink, WriterLink } from './link.ts';
import type { MigrateOptions } from './migrate.ts';
import { createRemoteReader } from './remote-reader.ts';
import { startThread, type Thread } from './thread.ts';
import type { Answer, Batch } from './wire/batch.ts';

/** A writer thread, a reader thread, so that slow lists never delay commits, and one that copies the log. */
export async function openThreads(
  path: string,
  now: number,
  options: MigrateOptions = {},
): Promise<{ writer: WriterLink; reader: ReaderLink }> {
  // The file and its tables are made in this thread: an error of the store's own kinds would lose its class on the way
  // from another one, and the threads can start side by side.
  openWriterConnection(path, options).close();
  const started = await Promise.allSettled(
    (['write', 'read', 'checkpoint'] as const).map((role) => startThread({ role, path, now })),
  );
  const threads = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [writer, reader, checkpointer] = threads;
  if (writer !== undefined && reader !== undefined && checkpointer !== undefined) {
    const startCheckpoint = () => startThread({ role: 'checkpoint', path, now });
    return { writer: threadedWriter(writer, checkpointer, startCheckpoint), reader: threadedReader(reader) };
  }
  await Promise.all(threads.map((thread) => thread.close()));
  throw started.find((result) => result.status === 'rejected')?.reason;
}

export function threadedWriter(
  thread: Thread,
  checkpointThread: Thread,
  startCheckpointThread: () => Promise<Thread>,
): WriterLink {
  // The writer copies the rest itself, which is little, so that its next commit begins the log anew.
  const checkpointer = createCheckpointer(checkpointThread, startCheckpointThread, () =>
    thread.send({ kind: 'checkpoint' }),
  );
  return {
    incarnation: thread.incarnation,
    post: (batch) => {
      const { cells, starts, slabStarts, slab }: Batch = batch;
      thread.send(
        { kind: 'batch', batch: { cells, starts, slabStarts, slab } },
        slab.length === 0 ? [] : [slab.buffer],
      );
    },
    onAnswer(listener: (answer: Answer) => void) {
      thread.onMessage((message) => {
        if (message.kind === 'answer') listener(message.answer);
      });
    },
    onGone: (listener) => thread.onGone(listener),
    checkpoint: () => checkpointer.ask(),
    async close() {
      await checkpointer.close();
      await thread.close();
    },
  };
}

type Asked = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

export function threadedReader(thread: Thread): ReaderLink {
  const asked = new Map<number, Asked>();
  let lastId = 0;
  let gone: Error | null = null;
  let onGone: ((cause: Error) => void) | null = null;
  thread.onMessage((message) => {
    if (message.kind !== 'told' && message.kind !== 'failed') return;
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (message.kind === 'told') waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.message));
  });
  function end(cause: Error): void {
    gone = cause;
    for (const { reject } of asked.values()) reject(new StoreUnavailable('closed', { cause }));
    asked.clear();
  }
  thread.onGone((cause) => {
    end(cause);
    onGone?.(cause);
  });
  return {
    onGone(listener) {
      onGone = listener;
      if (gone !== null) listener(gone);
    },
    reader: createRemoteReader(
      (method, args) =>
        new Promise((resolve, reject) => {
          if (gone !== null) {
            reject(new StoreUnavailable('closed', { cause: gone }));
            return;
          }
          lastId += 1;
          asked.set(lastId, { resolve, reject });
          thread.send({ kind: 'ask', id: lastId, method, args });
        }),
    ),
    async close() {
      await thread.close();
      end(new Error('the store was closed'));
    },
  };
}
