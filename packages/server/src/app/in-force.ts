import { STORE_CONFLICT_RETRIES_MAX } from '../domain/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { GOOD_MS } from '../store/currency.ts';
import type { ApplyOptions } from '../store/port.ts';
import type { AppContext } from './context.ts';

/**
 * A change of a ring is decided for a moment this far ahead, and answered once that moment has come. It is in memory
 * before then, so every attempt is signed as the ring's own times say, to the millisecond, and the answer is never early.
 */
export const IN_FORCE_LEAD_MS = 30;
/** The clocks of nodes differ from the database's by so much at most. */
const CLOCK_ERROR_MS = 100;
/** And so from each other: this one may be ahead while one that signs is behind. */
const CLOCKS_APART_MS = 2 * CLOCK_ERROR_MS;
/**
 * However the clock is set meanwhile, nobody waits for a moment longer than until then and this: what was decided after
 * another node's change begins that much later, and the clocks of all must have come there.
 */
const PATIENCE_MS = 2 * CLOCKS_APART_MS;
/** What a commit that came too late gets more the next time, and how often. */
const LATE_MS = 500;
const LATES_MAX = STORE_CONFLICT_RETRIES_MAX - 1;
/** Where there are many nodes: what was committed so long ago is in the memory of each that still acts on its memory. */
const IN_MEMORY_MS = GOOD_MS + CLOCK_ERROR_MS;
/** Somebody else's change that is younger may still be on its way; a commit takes no longer than this to be known. */
const RECENT_MS = 30_000;

type Tools = Pick<AppContext, 'clock' | 'timers'> & { readonly store: Pick<AppContext['store'], 'spreadMs'> };

/**
 * How far ahead a change of a ring is decided, so that it is in the memory of every node before it begins. Further after
 * each commit that would have come too late: a database that is slow makes the answer late, and not impossible.
 */
export function leadMs({ store }: Pick<Tools, 'store'>, lates = 0): number {
  return store.spreadMs === 0 ? IN_FORCE_LEAD_MS : store.spreadMs + LATE_MS * lates;
}

/**
 * When a rotation that is decided now begins: what another node decided a moment ago, by a clock that is a little ahead or
 * with more time because the database was slow, begins first. Its secret may have been handed out, and is not called off.
 */
export function afterPending(
  app: Pick<Tools, 'store'>,
  { secrets }: { readonly secrets: readonly Pick<Secret, 'activatesAt'>[] },
  now: number,
  lates: number,
): number {
  const pendingUntil = now + leadMs(app, LATES_MAX) + CLOCKS_APART_MS;
  let at = now + leadMs(app, lates);
  for (const { activatesAt } of secrets) {
    if (activatesAt !== null && activatesAt >= at && activatesAt < pendingUntil) at = activatesAt + 1;
  }
  return at;
}

/** Of a change that begins at `at`: committed later, not every node would know of it by then. */
export function commitBefore({ store }: Tools, at: number): ApplyOptions {
  return store.spreadMs === 0 ? {} : { notAfter: at - IN_MEMORY_MS };
}

/**
 * Waits until a change of a ring that begins at `at`, and whose commit is known, is in force everywhere. Most often every
 * node knows of it before it begins; when the disk of the database held the commit up, that takes longer.
 */
export async function inForce(app: Tools, at: number): Promise<void> {
  const { clock } = app;
  const isAlone = app.store.spreadMs === 0;
  const begins = isAlone ? at : at + CLOCKS_APART_MS;
  const known = inForceSince(app, at);
  const deadline = clock.monotonic() + (isAlone ? 2 * IN_FORCE_LEAD_MS : leadMs(app, LATES_MAX) + PATIENCE_MS);
  for (;;) {
    // Timers may fire a little early, so the clock is asked again.
    const waitMs = Math.min(begins - clock.now(), deadline - clock.monotonic());
    if (waitMs <= 0) break;
    await sleep(app, waitMs);
  }
  await known;
}

/** Waits until what was committed just now is in force everywhere. */
export async function inForceEverywhere(app: Tools): Promise<void> {
  if (app.store.spreadMs === 0) return;
  const until = app.clock.monotonic() + IN_MEMORY_MS;
  for (let waitMs = IN_MEMORY_MS; waitMs > 0; waitMs = until - app.clock.monotonic()) await sleep(app, waitMs);
}

/** The same for what was found done already: whoever did that, at that time, may still be waiting. */
export async function inForceSince(app: Tools, at: number): Promise<void> {
  if (app.clock.now() - at < RECENT_MS) await inForceEverywhere(app);
}

async function sleep({ timers }: Tools, waitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    timers.setTimeout(resolve, Math.ceil(waitMs));
  });
}
