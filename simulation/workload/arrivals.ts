import { sendEvents } from '../../packages/server/src/app/events.ts';
import type { IncomingEvent } from '../../packages/server/src/engine/engine.ts';
import { CALLS_BEGIN_AT } from '../model/calls.ts';
import type { SimulatedNode } from '../node.ts';
import { STEP } from '../trace.ts';
import type { World } from '../world.ts';
import type { Clients } from './clients.ts';
import { EVENT_TYPES, type Population, type Tenant } from './population.ts';

const EVENTS_PER_CALL_MAX = 24;
/** Calls that are repeated under the same Idempotency-Key, and events with ids of their sender's. */
const REPEATED_SHARE = 0.01;
const OWN_ID_SHARE = 0.002;
const PAYLOADS = Array.from({ length: 64 }, (_, index) =>
  Buffer.from(JSON.stringify({ number: index, amount: index * 17, text: 'x'.repeat(20 + ((index * 37) % 200)) })),
);

/** Events that come in: now a trickle, now a burst, most of them for few organizations. */
export class Arrivals {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #population: Population;
  #calls = 0;
  #ownIds = 0;
  #isOn = true;
  #weights: number[] = [];

  constructor(world: World, clients: Clients, population: Population) {
    this.#world = world;
    this.#clients = clients;
    this.#population = population;
  }

  start(): void {
    this.#next();
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Sends one event to everybody of an organization, from a node; `sent` is called when it is committed. */
  sendOne(tenant: Tenant, on: SimulatedNode, sent: () => void): void {
    this.#send(tenant, 1, on, sent);
  }

  #next(): void {
    if (!this.#isOn) return;
    const { agenda, random, plan } = this.#world;
    const tenant = this.#pick();
    const count = random.chance(0.5) ? 1 : random.between(2, EVENTS_PER_CALL_MAX);
    const fanOut = Math.max(1, tenant.model.endpoints.size * 0.8);
    this.#send(tenant, count, this.#clients.anyNode(), () => {});
    agenda.after(random.exponential((1_000 * count * fanOut) / plan.deliveriesPerSecond), () => this.#next());
  }

  #send(tenant: Tenant, count: number, on: SimulatedNode, sent: () => void): void {
    const { model, random, trace, agenda } = this.#world;
    this.#calls += 1;
    const call = this.#calls;
    model.calls.set(call, { organization: tenant.model, epoch: tenant.model.epoch, committed: 0 });
    trace.add(agenda.now, STEP.event, call, count, on.machine.index);
    const events = Array.from({ length: count }, () => this.#event(call));
    const isRepeated = random.chance(REPEATED_SHARE);
    const request = isRepeated ? this.#population.request('sendEvents') : null;
    const run = (node: SimulatedNode, times: number, known: readonly string[] | null): void =>
      this.#clients.call(
        (app) => sendEvents(app, this.#clients.callerOf(tenant.id), events, () => '/events', request),
        (answer) => {
          const ids = answer.kind === 'done' ? answer.value.map(({ id }) => id) : null;
          const committed = model.calls.get(call)?.committed ?? 0;
          model.checks.that(
            'durable',
            ids === null || committed >= count,
            () => `call ${call} was answered with ${committed} of ${count} events committed`,
          );
          if (ids !== null && known !== null) {
            const isSame = ids.join(' ') === known.join(' ');
            model.checks.that(
              'durable',
              isSame,
              () => `a repeated call was answered ${ids.join(' ')}, not ${known.join(' ')}`,
            );
          }
          if (isRepeated && times < 3) {
            agenda.after(random.between(20, 3_000), () => run(this.#clients.anyNode(), times + 1, ids ?? known));
            return;
          }
          if (answer.kind === 'done') sent();
          // What was lost may still be under way.
          agenda.after(answer.kind === 'lost' ? 60_000 : 0, () => model.calls.delete(call));
        },
        node,
      );
    run(on, 1, null);
  }

  #event(call: number): IncomingEvent {
    const { random } = this.#world;
    let id: string | null = null;
    if (random.chance(OWN_ID_SHARE)) {
      this.#ownIds += 1;
      id = `own-${this.#ownIds}`;
    }
    return {
      id,
      type: random.pick(EVENT_TYPES),
      payload: random.pick(PAYLOADS),
      contentType: 'application/json',
      occurredAt: CALLS_BEGIN_AT + call,
    };
  }

  /** The first are sent the most. */
  #pick(): Tenant {
    const { tenants } = this.#population;
    if (this.#weights.length !== tenants.length) {
      let sum = 0;
      this.#weights = tenants.map((_, index) => (sum += 1 / (index + 2)));
    }
    const wanted = this.#world.random.next() * (this.#weights.at(-1) ?? 1);
    let low = 0;
    let high = tenants.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#weights[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    const tenant = tenants[low];
    if (tenant === undefined) throw new Error('nobody to send for');
    return tenant;
  }
}
