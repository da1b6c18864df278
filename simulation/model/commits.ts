import type { Endpoint } from '../../packages/server/src/domain/endpoint.ts';
import type { Command, Incarnation } from '../../packages/server/src/store/port.ts';
import type { SharedDatabase, Witness } from '../database/shared-database.ts';
import type { Work, WorkOf } from '../database/work.ts';
import { commitAccept } from './commit-accept.ts';
import { commitRecord } from './commit-record.ts';
import { DeliveryModel } from './delivery-model.ts';
import { endDelivery } from './end-delivery.ts';
import { EndpointModel, OrganizationModel } from './endpoint-model.ts';
import { findEnded } from './find-ended.ts';
import type { Model } from './model.ts';

/** Feeds the model with every commit, at the moment when it is done. */
export class Commits implements Witness {
  readonly #model: Model;
  readonly #database: SharedDatabase;
  #ordinals = 0;

  constructor(model: Model, database: SharedDatabase) {
    this.#model = model;
    this.#database = database;
  }

  committed(works: readonly Work[], incarnation: Incarnation): void {
    for (const work of works) {
      if (work.error !== null) {
        this.#model.checks.that('sound', false, () => `a unit of kind ${work.kind} broke: ${work.error?.stack}`);
        continue;
      }
      this.#committed(work, incarnation);
    }
    // Looks into the tables, where all of the batch stands by now.
    for (const work of works) {
      if (work.kind === 'housekeep' && (work.result?.changed ?? 0) > 0)
        findEnded(this.#model, this.#database, work.unit.step);
    }
  }

  reopened(): void {
    for (const delivery of this.#model.deliveries.values()) {
      if (delivery.lease === null) continue;
      delivery.lease = null;
      if (delivery.end !== null) endDelivery(this.#model, delivery, delivery.end);
    }
  }

  /** The process that asked was told what these did. */
  told(works: readonly Work[]): void {
    if (this.#model.options.isKnownInTime) return;
    for (const work of works) {
      if (work.kind !== 'apply' || work.result?.applied.kind !== 'applied') continue;
      for (const command of work.unit) {
        if (command.kind === 'keyring.put') this.#model.ring(command.ring.owner).settled();
        if (command.kind !== 'endpoint.put' && command.kind !== 'endpoint.insert') continue;
        const endpoint = this.#model.endpoints.get(command.endpoint.id);
        if (endpoint !== undefined && endpoint.row.version === command.endpoint.version) this.#model.tell(endpoint);
      }
    }
  }

  #committed(work: Work, incarnation: Incarnation): void {
    switch (work.kind) {
      case 'accept':
        this.#ordinals = commitAccept(this.#model, work, incarnation, this.#ordinals);
        return;
      case 'record':
        return commitRecord(this.#model, work);
      case 'claim':
        return this.#claimed(work);
      case 'release':
        return this.#released(work);
      case 'apply':
        if (work.result?.applied.kind === 'applied') for (const command of work.unit) this.#applied(command);
        return;
      case 'prune': {
        const { totals } = this.#model;
        totals.prunedEvents += work.result?.removed.events ?? 0;
        totals.prunedDeliveries += work.result?.removed.deliveries ?? 0;
        totals.prunedAttempts += work.result?.removed.attempts ?? 0;
        return;
      }
      default:
        return;
    }
  }

  #claimed({ unit, result }: WorkOf<'claim'>): void {
    const { checks, deliveries, endpoints } = this.#model;
    const claimed = result?.deliveries ?? [];
    if (claimed.length === 0) return;
    const endpoint = endpoints.get(unit.endpointId);
    const status = endpoint?.row.status.kind;
    checks.that(
      'durable',
      status === 'active',
      () => `deliveries of ${unit.endpointId} were claimed, which is ${status}`,
    );
    for (const { id, dueAt } of claimed) {
      const delivery = deliveries.get(id);
      // Whoever claims it sends it.
      checks.that('recorded', delivery !== undefined, () => `${id} was claimed, which is not owed`);
      if (delivery === undefined) continue;
      checks.that('leased', delivery.lease === null, () => `${id} was claimed while ${delivery.lease} holds its lease`);
      checks.that('durable', delivery.dueAt === dueAt && dueAt <= unit.now, () => `${id} was claimed before its time`);
      delivery.lease = unit.incarnation;
    }
  }

  #released({ unit }: WorkOf<'release'>): void {
    for (const id of unit.deliveryIds) {
      const delivery = this.#model.deliveries.get(id);
      if (delivery?.lease !== unit.incarnation) continue;
      delivery.lease = null;
      if (delivery.end === null) delivery.dueAt = unit.dueAt;
      else endDelivery(this.#model, delivery, delivery.end);
    }
  }

  #applied(command: Command): void {
    const { organizations, checks } = this.#model;
    switch (command.kind) {
      case 'organization.insert':
        organizations.set(command.organization.id, new OrganizationModel(command.organization.id));
        return;
      case 'endpoint.insert':
        return this.#inserted(command.endpoint);
      case 'endpoint.put':
        return this.#put(command.endpoint);
      case 'keyring.insert':
        this.#model.ring(command.ring.owner).put(command.ring, [], checks);
        this.#model.ring(command.ring.owner).settled();
        return;
      case 'keyring.put': {
        const ring = this.#model.ring(command.ring.owner);
        const isRight = ring.version === command.expectedVersion;
        checks.that(
          'atomic',
          isRight,
          () => `version ${command.expectedVersion} of ${ring.owner} was replaced, not ${ring.version}`,
        );
        ring.put(command.ring, command.retired, checks);
        if (this.#model.options.isKnownInTime) ring.settled();
        this.#model.totals.rotations += 1;
        return;
      }
      case 'delivery.insert':
        for (const row of command.deliveries) this.#resent(row);
        return;
      default:
        return;
    }
  }

  #inserted(row: Endpoint): void {
    const organization = this.#model.organizations.get(row.organizationId);
    if (organization === undefined) throw new Error('an endpoint without an organization');
    const ring = this.#model.ring(row.keyring === 'own' ? row.id : row.organizationId);
    const endpoint = new EndpointModel(row, this.#model.endpoints.size, organization, ring);
    organization.endpoints.set(row.id, endpoint);
    this.#model.endpoints.set(row.id, endpoint);
    this.#model.endpointsByUrl.set(new URL(row.url).href, endpoint);
    this.#changed(endpoint);
  }

  #put(row: Endpoint): void {
    const endpoint = this.#model.endpoints.get(row.id);
    if (endpoint === undefined) throw new Error('an endpoint that was never made');
    const isRight = row.version === endpoint.row.version + 1;
    this.#model.checks.that(
      'atomic',
      isRight,
      () => `version ${row.version} of ${row.id} after ${endpoint.row.version}`,
    );
    endpoint.row = row;
    const isActive = row.status.kind === 'active';
    if (isActive) endpoint.inactiveSince = null;
    else endpoint.inactiveSince ??= this.#model.options.worldNow();
    if (!isActive) for (const delivery of [...endpoint.owed.values()].flat()) delivery.isDisturbed = true;
    this.#changed(endpoint);
  }

  #changed(endpoint: EndpointModel): void {
    endpoint.isTold = false;
    this.#model.untold.add(endpoint);
    endpoint.organization.changed();
    if (this.#model.options.isKnownInTime) this.#model.tell(endpoint);
  }

  #resent(row: Extract<Command, { kind: 'delivery.insert' }>['deliveries'][number]): void {
    const endpoint = this.#model.endpoints.get(row.endpointId);
    if (endpoint === undefined) throw new Error('a delivery to nobody');
    const eventId = this.#eventIdOf(row.organizationId, row.id);
    const { worldNow } = this.#model.options;
    this.#ordinals += 1;
    const delivery = new DeliveryModel(row.id, this.#ordinals, endpoint, eventId, worldNow(), row.createdAt, null);
    delivery.isDisturbed = true;
    this.#model.deliveries.set(row.id, delivery);
    endpoint.owe(delivery);
    this.#model.totals.deliveries += 1;
    this.#model.totals.resent += 1;
  }

  /** Resends name events by the key, receivers by the public id. */
  #eventIdOf(organizationId: EndpointModel['organization']['id'], id: DeliveryModel['id']): string {
    const found = this.#database.reader.delivery(organizationId, id);
    if (found === null) throw new Error(`${id} was committed and is not there`);
    return found.delivery.eventId;
  }
}
