import type { Io } from './io.ts';
import { clean, fit, width } from './table.ts';

export type Advance = {
  readonly done: number;
  /** Null while nobody knows how much there is. */
  readonly total: number | null;
  /** What is being done now. */
  readonly text?: string;
};
export type ProgressBar = { show(advance: Advance): void; end(): void };

export type BarOptions = {
  readonly label: string;
  /** What is counted; items unless given. */
  readonly unit?: 'items' | 'bytes';
};

type ProgressIo = Pick<Io, 'stderr' | 'liveErrors' | 'now' | 'errorColumns'>;

const ERASE_LINE = '\r\u001b[2K';
const COLUMNS_UNKNOWN = 80;
const PAINT_MS = 100;
/** A rate of the first moments would say nothing. */
const RATE_MS_MIN = 500;
const SECONDS_LEFT_MAX = 99 * 86_400;
const BAR_LENGTH_MAX = 30;
const BAR_LENGTH_MIN = 8;
const GAP = '  ';

/**
 * How far a long command has come: a bar where the total is known, with the rate and the time left. It begins to count
 * when it is made. `end` takes it off the screen; call it also when the work fails.
 */
export function progressBar(io: ProgressIo, json: boolean, { label, unit = 'items' }: BarOptions): ProgressBar {
  if (!io.liveErrors || json) return { show: () => undefined, end: () => undefined };
  const startedAt = io.now();
  let paintedAt: number | null = null;
  return {
    show({ done, total, text = '' }) {
      const now = io.now();
      const measured = measure({ done, total, text }, now - startedAt);
      const isDue = paintedAt === null || now < paintedAt || now - paintedAt >= PAINT_MS;
      if (!isDue && measured.ratio !== 1) return;
      paintedAt = now;
      paint(io, lineOf(measured, { label, unit }, columnsOf(io)));
    },
    end: () => void io.stderr.write(ERASE_LINE),
  };
}

type Measured = {
  readonly done: number;
  readonly total: number | null;
  readonly text: string;
  /** 0 to 1; null without a total. */
  readonly ratio: number | null;
  readonly perSecond: number | null;
  readonly secondsLeft: number | null;
};

/** Nothing that a caller or a clock gets wrong comes out negative, beyond the whole, or as no number. */
function measure(advance: Advance, elapsedMs: number): Measured {
  const done = countOf(advance.done) ?? 0;
  const known = advance.total === null ? null : countOf(advance.total);
  const total = known === null ? null : Math.max(known, done);
  const perSecond = elapsedMs >= RATE_MS_MIN ? (done * 1_000) / elapsedMs : null;
  const secondsLeft = total === null || perSecond === null || perSecond === 0 ? null : (total - done) / perSecond;
  return {
    done,
    total,
    text: clean(advance.text ?? ''),
    ratio: total === null ? null : total === 0 ? 1 : done / total,
    perSecond,
    secondsLeft: secondsLeft !== null && secondsLeft <= SECONDS_LEFT_MAX ? secondsLeft : null,
  };
}

function countOf(value: number): number | null {
  return Number.isFinite(value) ? Math.max(0, Math.floor(value)) : null;
}

/** What fits: the words go first, then the rate, the time left and the bar; the label and the count stay. */
function lineOf(measured: Measured, { label, unit = 'items' }: BarOptions, columns: number): string {
  const { done, total, text, ratio, perSecond, secondsLeft } = measured;
  const amount = unit === 'bytes' ? bytesText : countText;
  const percent = ratio === null ? [] : [`${Math.floor(ratio * 100)} %`];
  const count = total === null ? amount(done) : `${amount(done)} of ${amount(total)}`;
  const left = secondsLeft === null || ratio === 1 ? [] : [`${durationText(secondsLeft)} left`];
  const rate = perSecond === null ? [] : [`${amount(perSecond)}/s`];
  const words = text === '' ? [] : [text];
  const least = [...percent, count];
  for (const tail of [[...rate, ...left, ...words], [...rate, ...left], left, []]) {
    const line = [clean(label), ...least, ...tail].join(GAP);
    const room = columns - width(line) - GAP.length - 2;
    if (ratio !== null && room >= BAR_LENGTH_MIN) {
      return [clean(label), barOf(ratio, Math.min(room, BAR_LENGTH_MAX)), ...least, ...tail].join(GAP);
    }
    if (width(line) <= columns && (ratio === null || tail.length === 0)) return line;
  }
  return [clean(label), ...least].join(GAP);
}

function barOf(ratio: number, length: number): string {
  const full = Math.floor(ratio * length);
  const tip = full === 0 || full === length ? '' : '>';
  return `[${'='.repeat(full - tip.length)}${tip}${' '.repeat(length - full)}]`;
}

/** A line of the terminal's full width would wrap, and then not be erased. */
function paint(io: Pick<ProgressIo, 'stderr' | 'errorColumns'>, text: string): void {
  io.stderr.write(`${ERASE_LINE}${fit(text, columnsOf(io)).trimEnd()}`);
}

function columnsOf({ errorColumns }: Pick<ProgressIo, 'errorColumns'>): number {
  const columns = errorColumns?.() ?? COLUMNS_UNKNOWN;
  return Math.max(1, (Number.isFinite(columns) && columns > 0 ? Math.floor(columns) : COLUMNS_UNKNOWN) - 1);
}

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function countText(value: number): string {
  return (value < 10 ? SMALL : COUNT).format(value);
}

function bytesText(value: number): string {
  let amount = value;
  let step = 0;
  while (amount >= 1_024 && step < BYTE_UNITS.length - 1) {
    amount /= 1_024;
    step += 1;
  }
  return `${(step === 0 ? COUNT : SMALL).format(amount)} ${BYTE_UNITS[step] ?? 'B'}`;
}

/** The two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `1 d 4 h`. */
function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3_600)} h`;
}
