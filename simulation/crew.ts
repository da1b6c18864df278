import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChapterResult } from './chapter.ts';
import type { Plan } from './plan.ts';
import { commandFor } from './shrink.ts';
import { type FromWorker, reviveFailure, type ToWorker } from './worker-protocol.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** One that has grown past this is replaced after its world. */
const WORKER_BYTES_MAX = 1_536 * 1_024 * 1_024;

/** Of what a process says on its way out. */
const LAST_WORDS_LENGTH_MAX = 4_096;

/** A process ended in the middle of a world. */
export class WorkerLost extends Error {
  override readonly name = 'WorkerLost';

  constructor(plan: Plan, how: string, lastWords: string) {
    const what = `the process that ran chapter ${plan.chapter} of seed ${plan.seed} ended (${how})`;
    super([`${what}; again: ${commandFor(plan)}`, lastWords.trim()].join('\n').trimEnd());
  }
}

type Listener = {
  began(index: number): void;
  underway(index: number, deliveries: number, faults: number): void;
  ended(index: number, result: ChapterResult): void;
};

/** Processes that run worlds beside each other: a world takes the clock and all chance of its process. */
export class Crew {
  readonly #planAt: (index: number) => Plan;
  readonly #listener: Listener;
  /** The numbers of worlds that nobody has begun, in order. */
  readonly #left: number[];
  /** What is run at all: up to the first world that failed. */
  #until = Number.POSITIVE_INFINITY;
  readonly #running = new Map<number, Worker>();
  readonly #goesOn: boolean;

  /** `goesOn`: no world keeps others from being run. */
  constructor(planAt: (index: number) => Plan, worlds: readonly number[], listener: Listener, goesOn: boolean) {
    this.#planAt = planAt;
    this.#left = [...worlds];
    this.#listener = listener;
    this.#goesOn = goesOn;
  }

  async run(workers: number): Promise<void> {
    try {
      await Promise.all(Array.from({ length: workers }, async () => await this.#work()));
    } finally {
      for (const worker of this.#running.values()) worker.end();
    }
  }

  async #work(): Promise<void> {
    let worker = new Worker();
    try {
      for (let index = this.#left.shift(); index !== undefined && index < this.#until; index = this.#left.shift()) {
        this.#running.set(index, worker);
        this.#listener.began(index);
        const ended = await worker.runChapter(this.#planAt(index), (...made) =>
          this.#listener.underway(index, ...made),
        );
        this.#running.delete(index);
        if (ended === null) return;
        if (ended.result.failure !== null && !this.#goesOn) this.#stopAt(index);
        this.#listener.ended(index, ended.result);
        if (ended.bytes <= WORKER_BYTES_MAX) continue;
        worker.end();
        worker = new Worker();
      }
    } finally {
      worker.end();
    }
  }

  /** Earlier worlds run to their end: the first that fails is told of, whoever was quicker. */
  #stopAt(index: number): void {
    this.#until = Math.min(this.#until, index);
    for (const [other, worker] of this.#running) if (other > index) worker.end();
  }
}

class Worker {
  readonly #process: ChildProcess;
  #isEnded = false;
  #lastWords = '';

  constructor() {
    this.#process = fork(WORKER, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_LENGTH_MAX);
    });
  }

  /** Null: it was ended meanwhile. */
  async runChapter(
    plan: Plan,
    onProgress: (deliveries: number, faults: number) => void,
  ): Promise<{ readonly result: ChapterResult; readonly bytes: number } | null> {
    const child = this.#process;
    return await new Promise((resolve, reject) => {
      const lost = (how: string): void => {
        if (this.#isEnded) resolve(null);
        else reject(new WorkerLost(plan, how, this.#lastWords));
      };
      // Once everything that it said has arrived.
      const onClose = (code: number | null, signal: string | null): void => lost(signal ?? `exit code ${code}`);
      const onError = (error: Error): void => lost(error.message);
      const onMessage = (message: FromWorker): void => {
        if (message.kind === 'progress') return onProgress(message.deliveries, message.faults);
        child.off('message', onMessage).off('close', onClose).off('error', onError);
        resolve({ result: { ...message.result, failure: reviveFailure(message.failure) }, bytes: message.bytes });
      };
      child.on('message', onMessage).on('close', onClose).on('error', onError);
      const order: ToWorker = { plan };
      child.send(order, (error) => {
        if (error !== null) lost(error.message);
      });
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#process.kill('SIGKILL');
  }
}
