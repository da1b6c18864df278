import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What the load generator is told to do. */
export type LoadOrder = {
  readonly host: string;
  readonly port: number;
  /** Lines of the head without those of length; each ends in CRLF. */
  readonly head: string;
  /** Sent one after the other, and again from the first. */
  readonly bodies: readonly string[];
  readonly connections: number;
  /** How many requests in all. */
  readonly requests: number;
  /** Open loop: so many requests a second whether or not the ones before are answered. 0: closed loop. */
  readonly perSecond: number;
  /** The first `@@@@@@@@@@@@@@@@` of a body becomes the time of sending, in microseconds of the system's monotonic clock. */
  readonly stamped: boolean;
};

export type LoadResult = {
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Answers that were not 2xx. */
  readonly refused: number;
};

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));

/** Sends requests from a process of its own, so that making them does not slow what is measured in this one. */
export class LoadProcess {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(LOAD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  async run(order: LoadOrder): Promise<LoadResult> {
    return await new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('the load generator ended'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (result) => {
        this.#child.off('exit', onExit);
        resolve(result as LoadResult); // load.ts sends nothing else.
      });
      this.#child.send(order);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      this.#child.once('exit', resolve);
    });
    this.#child.kill('SIGTERM');
    await gone;
  }
}
