import type { Fault, StoreKind } from './fault.ts';
import type { Wrong } from './ledger.ts';
import type { Accepted } from './load.ts';
import { lookAtRepeats } from './repeats.ts';
import { type Account, Scene } from './scene.ts';

/** What one row found. */
export type Outcome = {
  readonly name: string;
  readonly store: StoreKind;
  readonly breaks: string;
  readonly accepted: number;
  readonly delivered: number;
  /** Accepted, not delivered to all that it was for, and not shown as owed. */
  readonly lost: number;
  /** Accepted, not delivered when the row had no more time, and shown as owed. */
  readonly owed: number;
  readonly wronglySigned: number;
  readonly arrivals: number;
  readonly rotations: number;
  readonly duplicates: number;
  readonly duplicatesMax: number;
  readonly duplicatesWords: string;
  /** Events that were not taken: the caller was told so. */
  readonly refused: number;
  readonly unanswered: number;
  /** From the end of the fault until an event that was sent after it was accepted and delivered; null: none was. */
  readonly recoverMs: number | null;
  /** From the end of the fault until everything accepted before it had been delivered. */
  readonly owedMs: number | null;
  readonly seconds: number;
  readonly notes: readonly string[];
  /** Words for whatever must never be; empty: all is well. */
  readonly violations: readonly string[];
  /** More duplicates than the row's rule explains; null: not. On a machine that is too busy, times may deceive it. */
  readonly excess: string | null;
};

const WARM_MS = 1_500;
const WARM_SHORT_MS = 400;
const CALM_MS = 2_500;
const CALM_SHORT_MS = 500;
const DRAIN_MS_MAX = 60_000;
const POLL_MS = 20;
const ENDED_POLL_MS = 200;
const WRONG_SHOWN_MAX = 3;
/** All that a node answers to events that it cannot take. */
const UNAVAILABLE = 503;
const OWED = new Set(['pending', 'in_flight', 'retrying', 'held']);

/** Sets a row's scene, breaks what it breaks, and counts. */
export async function measure(
  fault: Fault,
  options: {
    readonly store: StoreKind;
    readonly isShort?: boolean;
    readonly onStep?: (step: string) => void;
    /** Is given what nodes log, as it comes. */
    readonly onLog?: (node: string, text: string) => void;
    /** Ends the row in the middle, and leaves nothing behind. */
    readonly signal?: AbortSignal;
  },
): Promise<Outcome> {
  const { store, isShort = false, onStep = () => {}, onLog = () => {} } = options;
  const signal = options.signal ?? new AbortController().signal;
  const startedAt = performance.now();
  const stage = (await fault.stage?.(store, isShort)) ?? {};
  try {
    onStep('starts');
    const scene = await Scene.open({ store, isShort, stage, onLog, signal });
    try {
      await scene.addCustomers();
      scene.startLoad();
      await scene.hold(WARM_MS, WARM_SHORT_MS);
      onStep('breaks');
      await fault.run(scene);
      onStep('recovers');
      await scene.hold(CALM_MS, CALM_SHORT_MS);
      await recovered(scene);
      await scene.load.stop();
      await Promise.all(scene.accounts.map(async ({ rotations }) => await rotations.stop()));
      onStep('drains');
      const missing = await drained(scene);
      if (missing.length === 0) await ended(scene);
      onStep('counts');
      scene.counting();
      return await outcomeOf(fault, scene, missing, (performance.now() - startedAt) / 1_000);
    } catch (error) {
      throw new Error(`${String(error)}\n${logsOf(scene)}`, { cause: error });
    } finally {
      await scene.close();
    }
  } finally {
    await stage.remove?.();
  }
}

function logsOf(scene: Scene): string {
  return scene.nodes.map((node) => `--- ${node.name}\n${node.log()}`).join('\n');
}

/** Load goes on until an event that was sent after the end of the fault has come through. */
async function recovered(scene: Scene): Promise<void> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  while (recoverMs(scene) === null && Date.now() < deadline) await scene.pause(POLL_MS);
}

function recoverMs(scene: Scene): number | null {
  let best: number | null = null;
  for (const event of scene.load.accepted.values()) {
    if (event.sentAt < scene.healedAt) continue;
    const at = deliveredAt(scene, event);
    if (at !== null && (best === null || at < best)) best = at;
  }
  return best === null ? null : best - scene.healedAt;
}

/** When the last of those that it was for took an event; null: one has not. */
function deliveredAt(scene: Scene, event: Accepted): number | null {
  let last = 0;
  for (const account of scene.accounts) {
    if (!isFor(account, event)) continue;
    const at = account.customer.taken.get(event.id);
    if (at === undefined) return null;
    last = Math.max(last, at);
  }
  return last;
}

/** Waits until all that was accepted has come; answers what has not. */
async function drained(scene: Scene): Promise<readonly Accepted[]> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  let missing = [...scene.load.accepted.values()];
  for (;;) {
    missing = missing.filter((event) => deliveredAt(scene, event) === null);
    if (missing.length === 0 || Date.now() > deadline) return missing;
    await scene.pause(POLL_MS);
  }
}

/** Waits until the store has nothing under way: what a dead node had taken comes back when its lease is over. */
async function ended(scene: Scene): Promise<void> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  for (const status of OWED) {
    for (;;) {
      const { items } = (await scene.call('GET', `/v1/deliveries?status=${status}&limit=1`)) as { items: unknown[] }; // The contract's answer.
      if (items.length === 0) break;
      if (Date.now() > deadline) {
        scene.violations.push(`deliveries that everybody took are ${status} for ever`);
        return;
      }
      await scene.pause(ENDED_POLL_MS);
    }
  }
}

async function outcomeOf(fault: Fault, scene: Scene, missing: readonly Accepted[], seconds: number): Promise<Outcome> {
  const { load, accounts } = scene;
  const lost: string[] = [];
  for (const event of missing) if (!(await isOwed(scene, event))) lost.push(event.id);
  const wrong = judged(scene);
  const counts = load.counts();
  const repeats = await lookAtRepeats(scene, fault.duplicatesMax.losesLeases === true);
  const sum = (of: (account: (typeof accounts)[number]) => number): number =>
    accounts.reduce((total, account) => total + of(account), 0);
  const duplicates = sum(({ customer }) => customer.repeated.length);
  const duplicatesMax = fault.duplicatesMax.of(scene);
  const before = [...load.accepted.values()].filter(({ answeredAt }) => answeredAt < scene.healedAt);
  const lastOwedAt = Math.max(0, ...before.map((event) => deliveredAt(scene, event) ?? 0));
  return {
    name: fault.name,
    store: scene.store,
    breaks: fault.breaks,
    accepted: load.accepted.size,
    delivered: load.accepted.size - missing.length,
    lost: lost.length,
    owed: missing.length - lost.length,
    wronglySigned: wrong.length,
    arrivals: sum(({ customer }) => customer.arrivals.length),
    rotations: sum(({ rotations }) => rotations.done),
    duplicates,
    duplicatesMax,
    duplicatesWords: fault.duplicatesMax.words,
    refused: [...counts.refused.values()].reduce((total, count) => total + count, 0),
    unanswered: counts.unanswered,
    recoverMs: recoverMs(scene),
    owedMs: missing.length > 0 ? null : Math.max(0, lastOwedAt - scene.healedAt),
    seconds,
    notes: [
      ...scene.notes,
      ...repeats.reasons,
      ...[...counts.refused].map(([status, count]) => `${count} × ${status}`),
      `slowest answer ${(counts.slowestMs / 1_000).toFixed(1)} s`,
    ],
    violations: [
      ...scene.violations,
      ...accounts.flatMap(({ rotations }) => rotations.problems),
      ...wrong.slice(0, WRONG_SHOWN_MAX).map(({ eventId, reason }) => `${eventId}: ${reason}`),
      ...lost.slice(0, WRONG_SHOWN_MAX).map((id) => `${id} is lost`),
      ...(missing.length > lost.length ? [`${missing.length - lost.length} were still owed after a minute`] : []),
      ...(recoverMs(scene) === null ? ['no event came through after the fault'] : []),
      ...repeats.unexplained,
      ...[...counts.refused.keys()]
        .filter((status) => status !== UNAVAILABLE)
        .map((status) => `an event was refused with ${status}`),
    ],
    excess: duplicates > duplicatesMax ? `${duplicates} duplicates, at most ${duplicatesMax} are explained` : null,
  };
}

/** By every endpoint that it was for and that has not taken it. */
async function isOwed(scene: Scene, event: Accepted): Promise<boolean> {
  const path = `/v1/deliveries?eventId=${event.id}`;
  const { items } = (await scene.call('GET', path)) as { items: { endpointId: string; status: string }[] }; // The contract's answer.
  const owing = new Set(items.filter(({ status }) => OWED.has(status)).map(({ endpointId }) => endpointId));
  return scene.accounts
    .filter((account) => isFor(account, event) && !account.customer.taken.has(event.id))
    .every(({ endpointId }) => owing.has(endpointId));
}

function isFor({ customer, since }: Account, event: Accepted): boolean {
  return customer.types.includes(event.type) && event.sentAt > since;
}

/** Every arrival, those of misbehaving receivers too, against what its customer was given; and its body as it was sent. */
function judged(scene: Scene): readonly Wrong[] {
  const wrong: Wrong[] = [];
  for (const { customer, ledger } of scene.accounts) {
    for (const arrival of customer.arrivals) {
      const sent = scene.load.accepted.get(arrival.eventId);
      const isChanged = sent !== undefined && sent.body !== arrival.body;
      const found = isChanged ? { eventId: arrival.eventId, reason: 'its body was changed' } : ledger.judge(arrival);
      if (found !== null) wrong.push(found);
    }
  }
  return wrong;
}
