import { SpanKind } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../engine/testing/virtual-time.ts';
import { FinishedSpan } from './span.ts';
import {
  type DropReason,
  FLUSH_MS_MAX,
  type PostOutcome,
  SPANS_PER_POST_MAX,
  SPANS_QUEUED_MAX,
  SpanQueue,
} from './span-queue.ts';

const ORIGIN = { resource: resourceFromAttributes({}), instrumentationScope: { name: 'test' } };
const SPAN = new FinishedSpan(ORIGIN, {
  name: 'accept',
  kind: SpanKind.SERVER,
  traceId: '1'.repeat(32),
  spanId: '1'.repeat(16),
  parentSpanId: null,
  startMs: 0,
  endMs: 1,
  attributes: {},
  failed: false,
});
const TAKEN: PostOutcome = { kind: 'taken', rejected: 0 };
const DOWN = { kind: 'unreachable', reason: 'ECONNREFUSED', retryAfterMs: null } as const;

/** A queue whose collector answers when and as the test says. */
function queueWith(respond: () => Promise<PostOutcome>) {
  const time = new VirtualTime(0);
  const posts: { readonly spans: number; readonly at: number }[] = [];
  const told: string[] = [];
  const dropped = new Map<DropReason, number>();
  const counts = { exported: 0, destroyed: 0 };
  const queue = new SpanQueue({
    collector: {
      async post(spans) {
        posts.push({ spans: spans.length, at: time.now() });
        return await respond();
      },
      async destroy() {
        counts.destroyed += 1;
      },
    },
    timers: time,
    events: {
      exported: (spans) => (counts.exported += spans),
      dropped: (reason, spans) => dropped.set(reason, (dropped.get(reason) ?? 0) + spans),
      collectorFailing: (reason) => told.push(`failing: ${reason}`),
      collectorRecovered: () => told.push('recovered'),
    },
  });
  const add = (count: number): void => {
    for (let index = 0; index < count; index += 1) queue.add(SPAN);
  };
  return { queue, time, posts, told, dropped, counts, add };
}

const answering = (outcome: PostOutcome) => async (): Promise<PostOutcome> => outcome;
const never = async (): Promise<PostOutcome> => await new Promise(() => undefined);

describe('SpanQueue', () => {
  it('gathers for a second and posts what came together', async () => {
    const { time, posts, counts, add } = queueWith(answering(TAKEN));
    add(3);
    await time.advance(999);
    expect(posts).toEqual([]);
    add(2);
    await time.advance(1);
    expect(posts).toEqual([{ spans: 5, at: 1_000 }]);
    expect(counts.exported).toBe(5);
  });

  it('posts at once when a batch is full, and never while a span is being added', async () => {
    const { time, posts, add } = queueWith(answering(TAKEN));
    add(SPANS_PER_POST_MAX + 1);
    expect(posts).toEqual([]);
    await time.advance(0);
    expect(posts).toEqual([{ spans: SPANS_PER_POST_MAX, at: 0 }]);
    await time.advance(1_000);
    expect(posts).toEqual([
      { spans: SPANS_PER_POST_MAX, at: 0 },
      { spans: 1, at: 1_000 },
    ]);
  });

  it('has no timer while it is empty', async () => {
    const { time, add } = queueWith(answering(TAKEN));
    expect(time.pending).toBe(0);
    add(1);
    await time.advance(1_000);
    expect(time.pending).toBe(0);
  });

  it('holds no more than its bound while a collector hangs, and counts the rest', async () => {
    const { time, posts, dropped, add } = queueWith(never);
    add(SPANS_PER_POST_MAX);
    await time.advance(0);
    add(SPANS_QUEUED_MAX + 7);
    await time.advance(60_000);
    expect(posts).toHaveLength(1);
    expect([...dropped]).toEqual([['queue_full', 7]]);
  });

  it('tries a batch again with growing pauses, gives it up, and says so once', async () => {
    const { time, posts, dropped, told, add } = queueWith(answering(DOWN));
    add(2);
    await time.advance(1_000 + 1_000 + 2_000 + 4_000 + 8_000);
    expect(posts.map(({ at }) => at)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect([...dropped]).toEqual([['unreachable', 2]]);
    expect(told).toEqual(['failing: ECONNREFUSED']);
  });

  it('goes on slowly after that, and at once when the collector is back', async () => {
    let outcome: PostOutcome = DOWN;
    const { time, posts, counts, told, add } = queueWith(async () => outcome);
    add(2);
    await time.advance(16_000);
    add(3);
    await time.advance(15_999);
    expect(posts).toHaveLength(5);
    outcome = TAKEN;
    await time.advance(1);
    expect(posts).toHaveLength(6);
    expect(counts.exported).toBe(3);
    expect(told).toEqual(['failing: ECONNREFUSED', 'recovered']);
  });

  it('loses nothing when the collector comes back in time', async () => {
    let outcome: PostOutcome = DOWN;
    const { time, counts, dropped, add } = queueWith(async () => outcome);
    add(SPANS_PER_POST_MAX * 2);
    await time.advance(3_000);
    outcome = TAKEN;
    await time.advance(10_000);
    expect(counts.exported).toBe(SPANS_PER_POST_MAX * 2);
    expect(dropped.size).toBe(0);
  });

  it('waits as long as the collector asks, within reason', async () => {
    const { time, posts, add } = queueWith(answering({ ...DOWN, retryAfterMs: 600_000 }));
    add(1);
    await time.advance(1_000 + 29_999);
    expect(posts).toHaveLength(1);
    await time.advance(1);
    expect(posts).toHaveLength(2);
  });

  it('drops at once what is refused for good', async () => {
    const { time, posts, dropped, add } = queueWith(answering({ kind: 'refused', reason: 'status 400' }));
    add(4);
    await time.advance(5_000);
    expect(posts).toHaveLength(1);
    expect([...dropped]).toEqual([['refused', 4]]);
  });

  it('counts the spans of a batch that the collector did not want', async () => {
    const { time, counts, dropped, add } = queueWith(answering({ kind: 'taken', rejected: 2 }));
    add(5);
    await time.advance(1_000);
    expect(counts.exported).toBe(3);
    expect([...dropped]).toEqual([['refused', 2]]);
  });
});

describe('the end of a SpanQueue', () => {
  it('posts everything that is left, without waiting', async () => {
    const { queue, posts, counts, add } = queueWith(answering(TAKEN));
    add(SPANS_PER_POST_MAX + 5);
    await queue.stop();
    expect(posts.map(({ spans }) => spans)).toEqual([SPANS_PER_POST_MAX, 5]);
    expect(counts).toEqual({ exported: SPANS_PER_POST_MAX + 5, destroyed: 1 });
  });

  it('has nothing to do when it is empty', async () => {
    const { queue, posts, counts, time } = queueWith(answering(TAKEN));
    await queue.stop();
    await queue.stop();
    expect(posts).toEqual([]);
    expect(counts.destroyed).toBe(1);
    expect(time.pending).toBe(0);
  });

  it('does not wait for a collector that hangs longer than its bound', async () => {
    const { queue, time, dropped, counts, add } = queueWith(never);
    add(SPANS_PER_POST_MAX);
    await time.advance(0);
    add(2);
    let stopped = false;
    const stopping = queue.stop().then(() => (stopped = true));
    await time.advance(FLUSH_MS_MAX - 1);
    expect(stopped).toBe(false);
    await time.advance(1);
    await stopping;
    expect([...dropped]).toEqual([['stopped', SPANS_PER_POST_MAX + 2]]);
    expect(counts.destroyed).toBe(1);
  });

  it('tries once more when it was backing off, and no more than that', async () => {
    const { queue, time, posts, dropped, add } = queueWith(answering(DOWN));
    add(3);
    await time.advance(1_000);
    await queue.stop();
    expect(posts).toHaveLength(2);
    expect([...dropped]).toEqual([['stopped', 3]]);
    expect(time.pending).toBe(0);
  });

  it('drops what comes after it', async () => {
    const { queue, dropped, add } = queueWith(answering(TAKEN));
    await queue.stop();
    add(1);
    expect([...dropped]).toEqual([['stopped', 1]]);
  });
});
