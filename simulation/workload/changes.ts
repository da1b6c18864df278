import { resendDelivery } from '../../packages/server/src/app/deliveries.ts';
import { patchEndpoint } from '../../packages/server/src/app/endpoints.ts';
import { recoverDeliveries } from '../../packages/server/src/app/recover.ts';
import type { EndpointId } from '../../packages/server/src/domain/ids.ts';
import { STEP } from '../trace.ts';
import type { World } from '../world.ts';
import type { Arrivals } from './arrivals.ts';
import type { Clients } from './clients.ts';
import type { Population, Tenant } from './population.ts';
import { Rotations } from './rotations.ts';
import { Strangers } from './strangers.ts';

/** Somebody tries what nobody may once in so many deliveries. */
const DELIVERIES_PER_STRANGER = 100;

type Status = 'active' | 'suspended' | 'archived';

/** What customers and operators do beside sending events. */
export class Changes {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #population: Population;
  readonly #arrivals: Arrivals;
  readonly #rotations: Rotations;
  readonly #strangers: Strangers;
  #isOn = true;
  #underway = 0;

  constructor(world: World, clients: Clients, population: Population, arrivals: Arrivals) {
    this.#world = world;
    this.#clients = clients;
    this.#population = population;
    this.#arrivals = arrivals;
    this.#rotations = new Rotations(world, clients, population);
    this.#strangers = new Strangers(world, clients, population);
  }

  /** Nothing that was asked for is still open. */
  get isIdle(): boolean {
    return this.#underway === 0 && this.#rotations.underway === 0;
  }

  start(): void {
    const { deliveriesPerChange } = this.#world.plan;
    this.#everyNowAndThen(deliveriesPerChange, () => this.#change());
    this.#everyNowAndThen(DELIVERIES_PER_STRANGER, () => this.#strangers.try());
  }

  #everyNowAndThen(deliveriesBetween: number, act: () => void): void {
    const { agenda, random, plan } = this.#world;
    agenda.after(random.exponential((1_000 * deliveriesBetween) / plan.deliveriesPerSecond), () => {
      if (!this.#isOn) return;
      act();
      this.#everyNowAndThen(deliveriesBetween, act);
    });
  }

  stop(): void {
    this.#isOn = false;
  }

  #change(): void {
    const { random } = this.#world;
    const tenant = random.pick(this.#population.tenants);
    const endpointId = tenant.endpoints.length === 0 ? null : random.pick(tenant.endpoints);
    const kind = random.below(100);
    if (kind < 10) this.#rotations.begin(tenant.id, tenant.id);
    else if (endpointId === null) return;
    else if (kind < 50) this.#rotations.begin(endpointId, tenant.id);
    else if (kind < 60) this.#suspendForAWhile(tenant, endpointId);
    else if (kind < 63) this.#archive(tenant, endpointId);
    else if (kind < 73) this.#addAndSend(tenant);
    else if (kind < 90) this.#resend(tenant);
    else this.#recover(tenant, endpointId);
  }

  /** Resumes everything that is suspended, whoever did it. */
  resumeAll(): void {
    if (this.#underway > 0) return;
    for (const { row, organization, id } of this.#world.model.endpoints.values()) {
      if (row.status.kind === 'suspended') void this.#patched(organization.id, id, 'active');
    }
  }

  #patched(organizationId: Tenant['id'], id: EndpointId, status: Status): Promise<boolean> {
    const { agenda, trace, model } = this.#world;
    this.#underway += 1;
    return new Promise((resolve) => {
      this.#clients.call(
        (app) =>
          patchEndpoint(app, this.#clients.callerOf(organizationId), id, { status }, null, { archived: 'shown' }),
        (answer) => {
          this.#underway -= 1;
          trace.add(agenda.now, STEP.control, 0, 0, 0, `${status} ${id} ${answer.kind}`);
          const endpoint = model.endpoints.get(id);
          // Answered, it is in force on every node: nobody may be excused from now on.
          if (answer.kind === 'done' && status !== 'active' && endpoint?.row.status.kind === status)
            endpoint.inactiveSince = 0;
          resolve(answer.kind === 'done');
        },
      );
    });
  }

  #suspendForAWhile(tenant: Tenant, id: EndpointId): void {
    const { agenda, random, model } = this.#world;
    if (model.endpoints.get(id)?.row.status.kind !== 'active') return void this.#patched(tenant.id, id, 'active');
    void this.#patched(tenant.id, id, 'suspended').then((done) => {
      if (done) agenda.after(random.between(100, 20_000), () => void this.#patched(tenant.id, id, 'active'));
      return null;
    });
  }

  #archive(tenant: Tenant, id: EndpointId): void {
    if (tenant.endpoints.length < 2) return;
    tenant.endpoints.splice(tenant.endpoints.indexOf(id), 1);
    void this.#patched(tenant.id, id, 'archived');
    this.#underway += 1;
    this.#population.addEndpoint(tenant, () => (this.#underway -= 1));
  }

  /** An endpoint is made on one node, and an event follows at once on another. */
  #addAndSend(tenant: Tenant): void {
    const { model } = this.#world;
    const first = this.#clients.anyNode();
    const second = this.#clients.anyNode();
    this.#underway += 1;
    this.#population.addEndpoint(
      tenant,
      ({ id }) => {
        this.#underway -= 1;
        const before = model.totals.events;
        this.#arrivals.sendOne(tenant, second, () => {
          const endpoint = model.endpoints.get(id);
          model.checks.that(
            'current',
            endpoint !== undefined && model.totals.events > before,
            () => `${id} was answered and is not there`,
          );
        });
      },
      first,
    );
  }

  /** Of a delivery that is still owed, or of any that is kept. */
  #resend(tenant: Tenant): void {
    const { random, database } = this.#world;
    const endpoint = random.pick([...tenant.model.endpoints.values()]);
    const owed = [...endpoint.owed.values()].flat();
    const isOwed = owed.length > 0 && random.chance(0.3);
    const found = isOwed
      ? { id: random.pick(owed).id, organizationId: tenant.id }
      : database.anyDelivery(random.next());
    if (found === null) return;
    const { id, organizationId } = found;
    const request = this.#population.request('resendDelivery');
    const options = { waiting: 'allowed', archived: 'shown' } as const;
    this.#clients.call(
      (app) => resendDelivery(app, this.#clients.callerOf(organizationId), id, options, request),
      () => {},
    );
  }

  #recover(tenant: Tenant, endpointId: EndpointId): void {
    const { agenda, model } = this.#world;
    const request = this.#population.request('recoverDeliveries');
    const since = model.options.ringNow() - 60_000;
    const statuses = ['dead', 'cancelled'] as const;
    const input = { endpointId, since, until: null, statuses, after: null };
    this.#clients.call(
      (app) => recoverDeliveries(app, this.#clients.callerOf(tenant.id), input, request, 'shown'),
      (answer) => {
        if (answer.kind === 'done')
          this.#world.trace.add(agenda.now, STEP.control, answer.value.recovered, 0, 0, 'recovered');
      },
    );
  }
}
