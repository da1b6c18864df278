import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** Code under test asked the machine for something that the simulation must own. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}

type Taken = { readonly from: Record<string, unknown>; readonly name: string; readonly was: unknown };

function forbidden(name: string): () => never {
  return () => {
    throw new Forbidden(`${name} was called: time and chance must be arguments`);
  };
}

/** Time, timers and chance of the machine. */
const NAMES: readonly (readonly [object, readonly string[]])[] = [
  [Date, ['now']],
  [Math, ['random']],
  [performance, ['now']],
  [globalThis, ['setTimeout', 'setInterval', 'setImmediate', 'fetch']],
  [globalThis.crypto, ['getRandomValues', 'randomUUID']],
  [crypto, ['randomBytes', 'randomFillSync', 'randomFill', 'randomInt', 'randomUUID', 'generateKeyPairSync']],
];

/** Makes whoever asks the machine for time or chance fail, between `enter` and `leave`. */
export class Guards {
  readonly #realDate = Date;
  #taken: Taken[] = [];
  /** What `Date.now` answers to those few who may ask: libraries that stand for receivers. */
  #receiverTime: number | null = null;

  readonly enter = (): void => {
    for (const [owner, names] of NAMES) {
      // Plain objects of the platform, whose functions are replaced by name.
      const from = owner as Record<string, unknown>;
      for (const name of names) this.#replace(from, name, forbidden(name));
    }
    this.#replace(Date as unknown as Record<string, unknown>, 'now', () => {
      if (this.#receiverTime === null) throw new Forbidden('Date.now was called: time must be an argument');
      return this.#receiverTime;
    });
    const real = this.#realDate;
    const guarded = new Proxy(real, {
      construct(target, args) {
        if (args.length === 0) throw new Forbidden('new Date() was called: time must be an argument');
        return Reflect.construct(target, args) as object;
      },
    });
    this.#replace(globalThis, 'Date', guarded);
    syncBuiltinESMExports();
  };

  readonly leave = (): void => {
    for (const { from, name, was } of this.#taken.reverse()) from[name] = was;
    this.#taken = [];
    syncBuiltinESMExports();
  };

  /** Lets a library of a receiver look at that receiver's clock. */
  at<T>(time: number, look: () => T): T {
    this.#receiverTime = time;
    try {
      return look();
    } finally {
      this.#receiverTime = null;
    }
  }

  #replace(from: Record<string, unknown>, name: string, by: unknown): void {
    this.#taken.push({ from, name, was: from[name] });
    from[name] = by;
  }
}
