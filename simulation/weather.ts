import { WEATHER, type WeatherFault } from './faults.ts';
import type { SimulatedNode } from './node.ts';
import { STEP } from './trace.ts';
import type { World } from './world.ts';

/** Virtual seconds between two of a kind, on average. */
const SECONDS_BETWEEN: Readonly<Record<WeatherFault, number>> = {
  'disk full for a while': 8,
  'event loop held up': 6,
  'event loop held up past the lease': 20,
  'wall clock jumps forward': 6,
  'wall clock jumps back': 6,
  'node cut off from the database': 9,
  'node stopped and started': 12,
};
const DISK_FULL_MS_MAX = 3_000;
const HELD_UP_MS_MAX = 6_000;
const PAST_THE_LEASE_MS = { least: 15_100, most: 26_000 };
const JUMP_MS_MAX = 60_000;
/** No machine's wall clock is ever further off: customers' graces are longer. */
const WALL_OFF_MS_MAX = 60_000;
const CUT_MS_MAX = 20_000;
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
    const gapMs = random.exponential((SECONDS_BETWEEN[kind] * 1_000) / plan.faultRate);
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
        const { least, most } = PAST_THE_LEASE_MS;
        if (process !== null) process.holdUp(random.between(least, most));
        return this.#disturb(most);
      }
      case 'wall clock jumps forward':
        machine.wallAheadMs = Math.min(WALL_OFF_MS_MAX, machine.wallAheadMs + random.between(1, JUMP_MS_MAX));
        return this.#disturb(0);
      case 'wall clock jumps back':
        machine.wallAheadMs = Math.max(-WALL_OFF_MS_MAX, machine.wallAheadMs - random.between(1, JUMP_MS_MAX));
        return this.#disturb(0);
      case 'node cut off from the database':
        if (process !== null) process.cutUntil = agenda.now + random.between(100, CUT_MS_MAX);
        return this.#disturb(CUT_MS_MAX);
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
