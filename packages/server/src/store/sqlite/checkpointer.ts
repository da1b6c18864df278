import type { Thread } from './thread.ts';

export type Checkpointer = {
  /** Has the log copied, unless that is under way. */
  ask(): void;
  close(): Promise<void>;
};

/**
 * The thread that copies the log into the database. Without it the log grows, but nothing is lost: when it has ended,
 * the next ask starts another one.
 */
export function createCheckpointer(
  first: Thread,
  start: () => Promise<Thread>,
  onCheckpointed: () => void,
): Checkpointer {
  let current: Thread | null = null;
  let starting: Promise<void> | null = null;
  let isBusy = false;
  let isClosed = false;

  function adopt(thread: Thread): void {
    current = thread;
    thread.onMessage(() => {
      isBusy = false;
      onCheckpointed();
    });
    thread.onGone(() => {
      current = null;
      isBusy = false;
    });
  }

  async function startAnother(): Promise<void> {
    try {
      adopt(await start());
      if (!isClosed) current?.send({ kind: 'checkpoint' });
    } catch {
      // No room for it now, perhaps; the next ask tries again.
      isBusy = false;
    } finally {
      starting = null;
    }
  }

  adopt(first);
  return {
    ask() {
      if (isBusy || isClosed) return;
      isBusy = true;
      if (current === null) starting = startAnother();
      else current.send({ kind: 'checkpoint' });
    },
    async close() {
      isClosed = true;
      await starting;
      await current?.close();
    },
  };
}
