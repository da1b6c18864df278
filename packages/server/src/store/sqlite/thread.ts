import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';

/** The file of the threads: TypeScript in a checkout, JavaScript in the published package. */
const WORKER_URL = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

export type Thread = {
  readonly incarnation: number;
  send(message: ToWorker, transfer?: ArrayBuffer[]): void;
  onMessage(listener: (message: FromWorker) => void): void;
  onGone(listener: (cause: Error) => void): void;
  close(): Promise<void>;
  /** Settles when it has ended, for whatever reason. */
  readonly exited: Promise<void>;
};

export function startThread(setup: WorkerSetup): Promise<Thread> {
  const worker = new Worker(WORKER_URL, { workerData: setup, name: `store-${setup.role}` });
  let onMessage: ((message: FromWorker) => void) | null = null;
  let onGone: ((cause: Error) => void) | null = null;
  let isClosing = false;
  let gone: Error | null = null;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const thread = (incarnation: number): Thread => ({
    incarnation,
    exited,
    send: (message, transfer) => worker.postMessage(message, transfer ?? []),
    onMessage(listener) {
      onMessage = listener;
    },
    onGone(listener) {
      if (gone === null) onGone = listener;
      else listener(gone);
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
      if (isClosing) return;
      gone = cause;
      onGone?.(cause);
    });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve(thread(message.incarnation));
      else if (message.kind === 'broken') {
        cause = Object.assign(new Error(`${message.name}: ${message.message}`), message.codes);
      } else onMessage?.(message);
    });
  });
}
