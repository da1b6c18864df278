import { parentPort, workerData } from 'node:worker_threads';
import { openCheckpointConnection, openReaderConnection, openWriterConnection } from './connection.ts';
import { createSyncReader } from './reader/reader.ts';
import type { ErrorCodes, FromWorker, ToWorker, WorkerSetup } from './worker-protocol.ts';
import { createWriter } from './writer/writer.ts';

/** The entry of each of the store's threads: one writes, one reads, one copies the log into the database. */
if (parentPort === null) throw new Error('the store worker runs as a worker thread only');
const port = parentPort;
// Passed by openThreads, the only one that starts this file.
const setup = workerData as WorkerSetup;

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function listen(handle: (message: ToWorker) => void, close: () => void): void {
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      close();
      port.close();
    } else {
      handle(message);
    }
  });
}

function write(): void {
  const writer = createWriter(openWriterConnection(setup.path), setup.now);
  listen(
    (message) => {
      if (message.kind === 'batch') {
        const answer = writer.run(message.batch);
        send({ kind: 'answer', answer }, answer.slab.length === 0 ? [] : [answer.slab.buffer]);
      } else if (message.kind === 'checkpoint') {
        writer.checkpoint();
      }
    },
    () => writer.close(),
  );
  send({ kind: 'ready', incarnation: writer.incarnation });
}

function read(): void {
  const db = openReaderConnection(setup.path);
  const reader = createSyncReader(db);
  listen(
    (message) => {
      if (message.kind !== 'ask') return;
      try {
        // The arguments are those of this method: createRemoteReader pairs them.
        const answer = reader[message.method] as (...values: readonly unknown[]) => unknown;
        send({ kind: 'told', id: message.id, value: answer(...message.args) });
      } catch (error) {
        send({ kind: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error) });
      }
    },
    () => db.close(),
  );
  send({ kind: 'ready', incarnation: 0 });
}

function checkpoint(): void {
  const db = openCheckpointConnection(setup.path);
  const passive = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  listen(
    () => {
      try {
        passive.get();
      } catch {
        // The disk may be full. The log stays as it is until the next ask, which only comes after an answer.
      }
      send({ kind: 'checkpointed' });
    },
    () => db.close(),
  );
  send({ kind: 'ready', incarnation: 0 });
}

const ROLES = { write, read, checkpoint };

try {
  ROLES[setup.role]();
} catch (error) {
  const broken: Error & ErrorCodes = error instanceof Error ? error : new Error(String(error));
  const { name, message, code, errcode } = broken;
  send({ kind: 'broken', name, message, codes: { code, errcode } });
  port.close();
}
