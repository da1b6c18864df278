import { Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../port.ts';
import { openWriterConnection } from './connection.ts';
import type { ReaderLink, WriterLink } from './link.ts';
import { createRemoteReader } from './remote-reader.ts';
import type { Answer, Batch } from './wire/batch.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';

/** The file of the threads: TypeScript in a checkout, JavaScript in the published package. */
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

type Thread = {
  readonly incarnation: number;
  send(message: ToWorker, transfer?: ArrayBuffer[]): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onGone(listener: (cause: Error) => void): void;
  close(): Promise<void>;
};

/** A writer thread, a reader thread, so that slow lists never delay commits, and one that copies the log. */
export async function openThreads(path: string, now: number): Promise<{ writer: WriterLink; reader: ReaderLink }> {
  // The file and its tables are made in this thread: an error of the store's own kinds would lose its class on the way
  // from another one, and the threads can start side by side.
  openWriterConnection(path).close();
  const started = await Promise.allSettled(
    (['write', 'read', 'checkpoint'] as const).map((role) => startThread({ role, path, now })),
  );
  const threads = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [writer, reader, checkpointer] = threads;
  if (writer !== undefined && reader !== undefined && checkpointer !== undefined) {
    return { writer: threadedWriter(writer, checkpointer), reader: threadedReader(reader) };
  }
  await Promise.all(threads.map((thread) => thread.close()));
  throw started.find((result) => result.status === 'rejected')?.reason;
}

function startThread(setup: WorkerSetup): Promise<Thread> {
  const worker = new Worker(WORKER_URL, { workerData: setup, name: `store-${setup.role}` });
  let onMessage: ((message: FromWorker) => void) | null = null;
  let onGone: ((cause: Error) => void) | null = null;
  let isClosing = false;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const thread = (incarnation: number): Thread => ({
    incarnation,
    send: (message, transfer) => worker.postMessage(message, transfer ?? []),
    onMessage(listener) {
      onMessage = listener;
    },
    onGone(listener) {
      onGone = listener;
    },
    async close() {
      isClosing = true;
      worker.postMessage({ kind: 'close' } satisfies ToWorker, []);
      await exited;
    },
  });
  return new Promise((resolve, reject) => {
    let cause = new Error(`the ${setup.role} thread of the store ended`);
    worker.on('error', (error: unknown) => {
      if (error instanceof Error) cause = error;
    });
    worker.on('exit', () => {
      reject(cause);
      if (!isClosing) onGone?.(cause);
    });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve(thread(message.incarnation));
      else if (message.kind === 'broken') cause = new Error(`${message.name}: ${message.message}`);
      else onMessage?.(message);
    });
  });
}

function threadedWriter(thread: Thread, checkpointer: Thread): WriterLink {
  let isCheckpointing = false;
  checkpointer.onMessage(() => {
    isCheckpointing = false;
    // The writer copies the rest itself, which is little, so that its next commit begins the log anew.
    thread.send({ kind: 'checkpoint' });
  });
  // Without it the log grows but nothing is lost, and the writer still copies it when housekeeping asks.
  checkpointer.onGone(() => {});
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
    checkpoint() {
      if (isCheckpointing) return;
      isCheckpointing = true;
      checkpointer.send({ kind: 'checkpoint' });
    },
    async close() {
      await checkpointer.close();
      await thread.close();
    },
  };
}

type Asked = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

function threadedReader(thread: Thread): ReaderLink {
  const asked = new Map<number, Asked>();
  let lastId = 0;
  let gone: Error | null = null;
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
  thread.onGone(end);
  return {
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
