import type { LaneMode } from './budget.ts';
import type { Lane } from './lane.ts';

export type ModeFigures = { lanes: number; inFlight: number; waiting: number };

/** What all lanes of a node come to at one time. */
export type LaneFigures = {
  readonly modes: Readonly<Record<LaneMode, ModeFigures>>;
  /** Held back to one request at a time by what their receivers did, not by a setting. */
  readonly single: number;
  /** Send nothing for now: the receiver asked for it, or the rate is used up. */
  readonly paused: number;
  /** Have due work in the store that this node must still claim. */
  readonly behind: number;
  /** When the delivery was due that has waited longest, in memory or behind; null when none waits. Wall clock. */
  readonly oldestDueAt: number | null;
};

/** A walk rests after so many lanes, which take about a millisecond: whatever else is to be done comes in between. */
const LANES_PER_TURN = 4_000;

/** Walks over every lane, in turns: for whoever asks now and then. What changes meanwhile counts as it is found. */
export async function laneFigures(lanes: Iterable<Lane>, rest: () => Promise<void>): Promise<LaneFigures> {
  const modes = { healthy: none(), erring: none(), unproven: none(), failing: none() };
  let [walked, single, paused, behind] = [0, 0, 0, 0];
  let oldest = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    walked += 1;
    if (walked % LANES_PER_TURN === 0) await rest();
    const mode = modes[lane.mode];
    mode.lanes += 1;
    mode.inFlight += lane.inFlight;
    mode.waiting += lane.waiting.size;
    if (lane.limit === 1 && lane.concurrency > 1) single += 1;
    if (lane.paused) paused += 1;
    if (lane.backlog) {
      behind += 1;
      oldest = Math.min(oldest, lane.behindSince);
    }
    const { first } = lane.waiting;
    if (first !== undefined) oldest = Math.min(oldest, first.dueAt);
  }
  return { modes, single, paused, behind, oldestDueAt: Number.isFinite(oldest) ? oldest : null };
}

function none(): ModeFigures {
  return { lanes: 0, inFlight: 0, waiting: 0 };
}
