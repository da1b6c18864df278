import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import type { Customer } from './customers.ts';
import type { Plan } from './plan.ts';

export const GROUPS = 4;
const EVERY_MS = 20;
const BATCH_MAX = 10;
/** Of all requests; the others bring one event each. */
const BATCH_RATIO = 0.2;
/** Of all events: they go to every customer of a group. */
const GROUP_RATIO = 0.2;
/** Of all requests: their events have ids of the client's choice. */
const OWN_ID_RATIO = 0.25;
const PAYLOAD_FILL = 'x'.repeat(300);
const REQUESTS_MAX = 256;

export type Sent = {
  events: number;
  accepted: number;
  /** With an id of the client's. */
  acceptedWithId: number;
  deliveries: number;
  /** Answered with anything but 202: the caller knows that nothing was kept. */
  refused: number;
  unanswered: number;
  /** What the rate asked for by the end and was not sent: as many requests as there may be were under way. */
  behind: number;
  /** The most by which it ever was behind its rate. */
  behindMax: number;
};

export function nothingSent(): Sent {
  return {
    events: 0,
    accepted: 0,
    acceptedWithId: 0,
    deliveries: 0,
    refused: 0,
    unanswered: 0,
    behind: 0,
    behindMax: 0,
  };
}

export function typesOf(index: number): readonly string[] {
  return [`one.${index}`, `group.${index % GROUPS}`];
}

/** Sends events at a steady rate, whether or not those before were answered; when too many are not, it catches up later. */
export async function pour(
  api: Api,
  customers: readonly Customer[],
  { plan, sent, until }: { readonly plan: Plan; readonly sent: Sent; readonly until: number },
): Promise<void> {
  const started = Date.now();
  const underWay = new Set<Promise<void>>();
  let seq = 0;
  const send = async (count: number): Promise<void> => {
    const withIds = Math.random() < OWN_ID_RATIO;
    const made = Array.from({ length: count }, () => {
      const isGroup = Math.random() < GROUP_RATIO;
      const index = Math.floor(Math.random() * (isGroup ? GROUPS : customers.length));
      const targets = isGroup ? customers.filter((_, at) => at % GROUPS === index) : [customers[index]];
      const type = isGroup ? `group.${index}` : `one.${index}`;
      const number = seq++;
      const payload = { seq: number, sentAt: Date.now(), fill: PAYLOAD_FILL };
      return { number, targets, event: { type, payload, ...(withIds ? { id: `soak-${number}-${started}` } : {}) } };
    });
    sent.events += count;
    const { status } = await api.call('POST', '/v1/events', { events: made.map(({ event }) => event) });
    if (status === 0) sent.unanswered += count;
    else if (status !== 202) sent.refused += count;
    else {
      sent.accepted += count;
      if (withIds) sent.acceptedWithId += count;
      for (const { number, targets } of made) {
        for (const customer of targets) customer?.expected.add(number);
        sent.deliveries += targets.length;
      }
    }
  };
  const behind = (): number =>
    Math.floor(((Math.min(Date.now(), until) - started) / 1_000) * plan.perSecond) - sent.events;
  while (Date.now() < until) {
    sent.behindMax = Math.max(sent.behindMax, behind());
    for (let wanted = behind(); wanted > 0 && underWay.size < REQUESTS_MAX; wanted = behind()) {
      const sending = send(Math.min(wanted, Math.random() < BATCH_RATIO ? BATCH_MAX : 1)).finally(() =>
        underWay.delete(sending),
      );
      underWay.add(sending);
    }
    await sleep(EVERY_MS);
  }
  sent.behind = behind();
  await Promise.all(underWay);
}
