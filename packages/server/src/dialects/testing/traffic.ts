import { randomUUID } from 'node:crypto';
import { sendEvent } from './native-steps.ts';
import type { Received } from './receiver.ts';
import type { RunningDialects } from './running-dialects.ts';

/** What a test of a product has around it, as far as traffic needs it. */
export type TrafficWorld = { readonly running: RunningDialects };

export type TrafficEvents = {
  readonly type: string;
  /** More members of the payload, beside the one that tells events apart. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Whose event it is; `default` unless given. */
  readonly organization?: string;
  /** Which requests count, where more than one endpoint gets the events; all of them unless given. */
  readonly to?: (request: Received) => boolean;
};

/** Sends `count` events at once through the native API and answers the first request that came of each, in their order.
 *
 *     const requests = await burst(world, { type: 'loan.created', count: 3 });
 *     for (const request of requests) expect(signersOf({ old, fresh }, request)).toEqual(['fresh', 'old']);
 */
export async function burst(
  world: TrafficWorld,
  { count, ...events }: TrafficEvents & { readonly count: number },
): Promise<readonly Received[]> {
  return await Promise.all(Array.from({ length: count }, async () => await sendOne(world, events)));
}

export type Traffic<T> = {
  /** What the action answered. */
  readonly result: T;
  /** What came of events that were sent, and received, before the action began. */
  readonly before: readonly Received[];
  /** … of those that flowed while it ran. */
  readonly meanwhile: readonly Received[];
  /** … of those that were sent after it was answered. */
  readonly after: readonly Received[];
};

const BEFORE = 3;
const AFTER = 20;
const FLOWS = 2;

/** Keeps events flowing while `action` runs, and answers what came of all of them, in the order of sending.
 *
 *     const { result, before, meanwhile, after } = await during(world, { type }, async () => await rotate(world, id));
 */
export async function during<T>(
  world: TrafficWorld,
  events: TrafficEvents,
  action: () => Promise<T>,
): Promise<Traffic<T>> {
  const before = await burst(world, { ...events, count: BEFORE });
  const flowing: Promise<Received>[] = [];
  const over = new AbortController();
  const flow = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const next = sendOne(world, events);
      flowing.push(next);
      await next;
    }
  };
  const flows = Array.from({ length: FLOWS }, flow);
  const result = await action().finally(() => {
    over.abort();
  });
  const after = await burst(world, { ...events, count: AFTER });
  await Promise.all(flows);
  return { result, before, meanwhile: await Promise.all(flowing), after };
}

async function sendOne(
  { running }: TrafficWorld,
  { type, payload = {}, organization, to = () => true }: TrafficEvents,
): Promise<Received> {
  const mark = randomUUID();
  // Found in any body, whatever envelope is around the payload.
  const carries = ({ body }: Received): boolean => body.includes(mark);
  const owner = organization === undefined ? {} : { organization };
  await sendEvent(running, { type, payload: { ...payload, mark }, ...owner });
  const [request] = await running.receiver.arrived((one) => carries(one) && to(one));
  if (request === undefined) throw new Error('nothing arrived');
  return request;
}
