import type { Io } from './io.ts';

export type Progress = { show(text: string): void; end(): void };

const ERASE_LINE = '\r\u001b[2K';

/** A line on standard error that overwrites itself; silent where that cannot be, and beside JSON. */
export function progressLine(io: Pick<Io, 'stderr' | 'liveErrors'>, json: boolean): Progress {
  if (!io.liveErrors || json) return { show: () => undefined, end: () => undefined };
  return {
    show: (text) => void io.stderr.write(`${ERASE_LINE}${text} …`),
    end: () => void io.stderr.write(ERASE_LINE),
  };
}
