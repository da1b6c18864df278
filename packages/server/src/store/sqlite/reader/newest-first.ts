/** Numbers below `below`, newest first: as many as are cheap to get at once, none when there are no more. */
export type NumberSource = (below: number) => readonly number[];

type Stream = { readonly source: NumberSource; numbers: readonly number[]; at: number };

/** Many descending lists of different numbers as one, each read only as far as it is needed. */
export function* newestFirst(heads: readonly (readonly [number, NumberSource])[]): Generator<number> {
  const streams = heads.map(([head, source]): Stream => ({ source, numbers: [head], at: 0 }));
  // A heap: every stream stands before the two that are below it.
  for (let at = Math.floor(streams.length / 2) - 1; at >= 0; at -= 1) sink(streams, at);
  for (let top = streams[0]; top !== undefined; top = streams[0]) {
    const number = headOf(top);
    yield number;
    top.at += 1;
    if (top.at === top.numbers.length) {
      top.numbers = top.source(number);
      top.at = 0;
    }
    if (top.numbers.length === 0) {
      const last = streams.pop();
      if (last !== undefined && last !== top) streams[0] = last;
    }
    sink(streams, 0);
  }
}

function sink(streams: Stream[], from: number): void {
  const moved = streams[from];
  if (moved === undefined) return;
  let at = from;
  for (;;) {
    const [left, right] = [streams[2 * at + 1], streams[2 * at + 2]];
    const isRight = left !== undefined && right !== undefined && headOf(right) > headOf(left);
    const newer = isRight ? right : left;
    if (newer === undefined || headOf(newer) < headOf(moved)) break;
    streams[at] = newer;
    at = 2 * at + (isRight ? 2 : 1);
  }
  streams[at] = moved;
}

function headOf({ numbers, at }: Stream): number {
  const head = numbers[at];
  if (head === undefined) throw new Error('a stream without numbers is still in the heap');
  return head;
}
