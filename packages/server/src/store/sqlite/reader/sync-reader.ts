import type { Reader } from '../../port.ts';

/** The same questions as the port's, answered at once. */
export type SyncReader = {
  readonly [Method in keyof Reader]: (...args: Parameters<Reader[Method]>) => Awaited<ReturnType<Reader[Method]>>;
};
