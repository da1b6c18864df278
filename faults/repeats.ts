import type { Scene } from './scene.ts';

export type Repeats = {
  /** What the deliveries that came twice say of their attempts, and how many of them. */
  readonly reasons: readonly string[];
  /** Sent again although a success stood in the store. */
  readonly unexplained: readonly string[];
};

type Attempts = readonly { readonly status: number | null; readonly error: { readonly kind: string } | null }[];

/** At each endpoint. */
const ASKED_MAX = 50;

/**
 * Why events came twice: either an attempt was not recorded before its node died, or the sender had not learnt of the
 * success (it timed out, or the connection broke). A delivery all of whose requests were recorded, the first of them as a
 * success, should have ended there.
 */
export async function lookAtRepeats(scene: Scene, losesLeases: boolean): Promise<Repeats> {
  const reasons = new Map<string, number>();
  const unexplained: string[] = [];
  for (const { customer, endpointId } of scene.accounts) {
    for (const eventId of new Set(customer.repeated.slice(0, ASKED_MAX))) {
      const attempts = await attemptsOf(scene, eventId, endpointId);
      const arrivals = customer.arrivals.filter((arrival) => arrival.eventId === eventId).length;
      const words = attempts.map(({ status, error }) => error?.kind ?? String(status)).join(' then ');
      const unrecorded = arrivals - attempts.length;
      const reason = unrecorded > 0 ? `${words} after ${unrecorded} unrecorded` : words;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      const isEndedTwice = unrecorded <= 0 && attempts.slice(0, -1).some(isSuccess);
      if (isEndedTwice && !losesLeases)
        unexplained.push(`${eventId} came again after its success was recorded (${words})`);
    }
  }
  return { reasons: [...reasons].map(([words, count]) => `${count} repeated: ${words}`), unexplained };
}

function isSuccess({ status }: Attempts[number]): boolean {
  return status !== null && status >= 200 && status < 300;
}

async function attemptsOf(scene: Scene, eventId: string, endpointId: string): Promise<Attempts> {
  const path = `/v1/deliveries?eventId=${eventId}&endpointId=${endpointId}`;
  const { items } = (await scene.call('GET', path)) as { items: { id: string }[] }; // The contract's answer.
  const delivery = await scene.call('GET', `/v1/deliveries/${items[0]?.id ?? ''}`);
  return (delivery as { attempts: Attempts }).attempts; // The contract's answer.
}
