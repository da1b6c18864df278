import type { Endpoint } from '../../packages/server/src/domain/endpoint.ts';
import type { EndpointId, OrganizationId } from '../../packages/server/src/domain/ids.ts';
import type { SimulatedProcess } from '../time/process.ts';
import type { DeliveryModel } from './delivery-model.ts';
import type { RingModel } from './ring-model.ts';

/** An organization with its endpoints, as they are committed. */
export class OrganizationModel {
  readonly id: OrganizationId;
  readonly endpoints = new Map<EndpointId, EndpointModel>();
  /** Grows with every change of its endpoints that whoever accepts must know of. */
  epoch = 0;
  readonly #matching = new Map<string, readonly EndpointModel[]>();

  constructor(id: OrganizationId) {
    this.id = id;
  }

  changed(): void {
    this.epoch += 1;
    this.#matching.clear();
  }

  /** Who must get events of this type: everybody who subscribes and is not archived. */
  matching(type: string): readonly EndpointModel[] {
    const known = this.#matching.get(type);
    if (known !== undefined) return known;
    const found = [...this.endpoints.values()].filter((endpoint) => endpoint.takes(type));
    this.#matching.set(type, found);
    return found;
  }
}

/** An endpoint as it is committed, with what is owed to it. */
export class EndpointModel {
  readonly id: EndpointId;
  readonly index: number;
  readonly organization: OrganizationModel;
  row: Endpoint;
  ring: RingModel;
  /** Of its last change, in its organization; a process may be behind while `isTold` is false. */
  epoch = 0;
  isTold = true;
  /** Since when it may not be sent to, by the time of the world. */
  inactiveSince: number | null = null;
  /** By the public id of the event; several when it was sent again. */
  readonly owed = new Map<string, DeliveryModel | DeliveryModel[]>();
  owedCount = 0;
  /** Since when a process knows that it answers; only those whose last request to it succeeded. */
  readonly answersSince = new WeakMap<SimulatedProcess, number>();
  /** Until then a request to it is out for so long that a process may take it for one that hangs. */
  quietUntil = 0;
  /** A mark of whoever compares. */
  stamp = -1;

  constructor(row: Endpoint, index: number, organization: OrganizationModel, ring: RingModel) {
    this.id = row.id;
    this.index = index;
    this.row = row;
    this.organization = organization;
    this.ring = ring;
  }

  takes(type: string): boolean {
    const { status, eventTypes } = this.row;
    if (status.kind === 'archived') return false;
    if (eventTypes === null) return true;
    return eventTypes.some((wanted) =>
      wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : wanted === type,
    );
  }

  owe(delivery: DeliveryModel): void {
    const others = this.owed.get(delivery.eventId);
    if (others === undefined) this.owed.set(delivery.eventId, delivery);
    else if (Array.isArray(others)) others.push(delivery);
    else this.owed.set(delivery.eventId, [others, delivery]);
    this.owedCount += 1;
  }

  /** Nothing of it is to be sent any more. */
  settle(delivery: DeliveryModel): void {
    const found = this.owed.get(delivery.eventId);
    if (found === delivery) {
      this.owed.delete(delivery.eventId);
    } else if (Array.isArray(found)) {
      const at = found.indexOf(delivery);
      if (at < 0) return;
      found.splice(at, 1);
      if (found.length === 0) this.owed.delete(delivery.eventId);
    } else {
      return;
    }
    this.owedCount -= 1;
  }
}
