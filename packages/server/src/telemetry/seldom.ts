/** What is told of once may be told again after this; while a store is away it would be told with every try. */
const PAUSE_MS = 60_000;
/** Of which it is known when they were told. */
const KINDS_MAX = 100;

/** Null: it was told less than a minute ago. Otherwise how often it happened since without being told. */
export type Seldom = (kind: string) => number | null;

/** One line a minute for each kind of line, however often there is a reason for it. */
export function createSeldom(monotonic: () => number): Seldom {
  const kinds = new Map<string, { toldAt: number; untold: number }>();
  return (kind) => {
    const now = monotonic();
    const known = kinds.get(kind);
    if (known !== undefined && now - known.toldAt < PAUSE_MS) {
      known.untold += 1;
      return null;
    }
    if (kinds.size >= KINDS_MAX) kinds.clear();
    kinds.set(kind, { toldAt: now, untold: 0 });
    return known?.untold ?? 0;
  };
}
