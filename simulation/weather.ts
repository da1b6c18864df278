import { DELIVERIES_BETWEEN, WEATHER, type WeatherFault } from './faults.ts';
import type { SimulatedNode } from './node.ts';
import { ARRIVING_SHARE } from './plan.ts';
import { STEP } from './trace.ts';
import type { World } from './world.ts';

/** For how long a node cannot work, on average; null: it can. */
const LASTS_MS: Readonly<Record<WeatherFault, number | null>> = {
  'disk full for a while': 1_500,
  'event loop held up': 2_000,
  'event loop held up past the lease': 16_500,
  'wall clock jumps forward': null,
  'wall clock jumps back': null,
  'node cut off from the database': 4_000,
  'node stopped and started': 2_000,
};
/** No kind takes more than this of the time of all nodes. */
const LOST_SHARE_MAX = 0.4;
const DISK_FULL_MS_MAX = 3_000;
const HELD_UP_MS_MAX = 4_000;
/** Most often not far past it. */
const PAST_THE_LEASE_MS = { least: 15_100, usually: 17_000, most: 26_000 };
const FAR_PAST_SHARE = 0.1;
const JUMP_MS_MAX = 60_000;
/** No machine's wall clock is ever further off: customers' graces are longer. */
const WALL_OFF_MS_MAX = 60_000;
const CUT_MS_MAX = 20_000;
const SHORT_CUT_MS_MAX = 3_000;
const LONG_CUT_SHARE = 0.3;
/** After it is over, so long until nobody waits longer than usual. */
const AFTERMATH_MS = 30_000;

/** What happens to machines whatever the program does. */
export class Weather {
  readonly #world: World;
  readonly #nodes: readonly SimulatedNode[];
  #isOn = true;
  #stopping = 0;
  #worstUntil = 0;

  constructor(world: World, nodes: readonly SimulatedNode[]) {
    this.#world = world;
    this.#nodes = nodes;
    world.faults.onStruck = (kind) => {
      // What strikes one request holds up nobody else.
      if (/^(crash|store|timer|read|change|notif)/.test(kind)) this.#disturb(0);
    };
  }

  get isCalm(): boolean {
    return this.#stopping === 0 && this.#world.agenda.now >= this.#worstUntil;
  }

  start(): void {
    for (const kind of WEATHER) this.#plan(kind);
  }

  stop(): void {
    this.#isOn = false;
    this.#world.weather.diskFullUntil = 0;
    for (const { process } of this.#nodes) if (process !== null) process.cutUntil = 0;
  }

  #plan(kind: WeatherFault): void {
    const { agenda, random, faults, plan } = this.#world;
    if (!faults.isEnabled(kind)) return;
    const perSecond = plan.deliveriesPerSecond * ARRIVING_SHARE * plan.faultRate;
    const wantedMs = (1_000 * DELIVERIES_BETWEEN[kind]) / perSecond;
    const leastMs = (LASTS_MS[kind] ?? 0) / (plan.nodes * LOST_SHARE_MAX);
    const gapMs = random.exponential(Math.max(wantedMs, leastMs));
    agenda.after(gapMs, () => {
      if (!this.#isOn) return;
      this.#strike(kind);
      this.#plan(kind);
    });
  }

  #strike(kind: WeatherFault): void {
    const { agenda, random, faults, trace, weather } = this.#world;
    const node = random.pick(this.#nodes);
    const { process, machine } = node;
    faults.count(kind);
    trace.add(agenda.now, STEP.fault, machine.index, 0, 0, kind);
    switch (kind) {
      case 'disk full for a while':
        weather.diskFullUntil = agenda.now + random.between(50, DISK_FULL_MS_MAX);
        return this.#disturb(DISK_FULL_MS_MAX);
      case 'event loop held up':
        if (process !== null) process.holdUp(random.between(300, HELD_UP_MS_MAX));
        return this.#disturb(HELD_UP_MS_MAX);
      case 'event loop held up past the lease': {
        const { least, usually, most } = PAST_THE_LEASE_MS;
        if (process !== null) process.holdUp(random.between(least, random.chance(FAR_PAST_SHARE) ? most : usually));
        return this.#disturb(most);
      }
      case 'wall clock jumps forward':
        machine.wallAheadMs = Math.min(WALL_OFF_MS_MAX, machine.wallAheadMs + random.between(1, JUMP_MS_MAX));
        return this.#disturb(0);
      case 'wall clock jumps back':
        machine.wallAheadMs = Math.max(-WALL_OFF_MS_MAX, machine.wallAheadMs - random.between(1, JUMP_MS_MAX));
        return this.#disturb(0);
      case 'node cut off from the database': {
        const mostMs = random.chance(LONG_CUT_SHARE) ? CUT_MS_MAX : SHORT_CUT_MS_MAX;
        if (process !== null) process.cutUntil = agenda.now + random.between(100, mostMs);
        return this.#disturb(CUT_MS_MAX);
      }
      case 'node stopped and started':
        return this.#restart(node);
    }
  }

  #restart(node: SimulatedNode): void {
    if (node.running === null) return;
    this.#stopping += 1;
    this.#disturb(0);
    const { number } = node.running.process;
    void node.stop().then(() => {
      this.#stopping -= 1;
      this.#disturb(0);
      // It crashed meanwhile, and whoever watches over it starts it again.
      if (node.process?.number === number && !node.hasCrashed) node.start();
      return null;
    });
  }

  #disturb(lastsMs: number): void {
    const { agenda, model } = this.#world;
    this.#worstUntil = Math.max(this.#worstUntil, agenda.now + lastsMs);
    model.calmSince = Math.max(model.calmSince, agenda.now + lastsMs + AFTERMATH_MS);
  }
}
