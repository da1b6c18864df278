import type { DeliveryId, EndpointId, OrganizationId } from '../../packages/server/src/domain/ids.ts';
import type { RingOwner } from '../../packages/server/src/domain/secret.ts';
import type { DeliveryModel } from './delivery-model.ts';
import type { EndpointModel, OrganizationModel } from './endpoint-model.ts';
import { RingModel } from './ring-model.ts';
import { Checks } from './violation.ts';

/** A call that sends events, as long as it may still be committed. */
export type SendCall = {
  readonly organization: OrganizationModel;
  readonly epoch: number;
  /** Events of it that were committed so far. */
  committed: number;
};

export type ModelOptions = {
  readonly checks?: Checks;
  /** The time of the world. */
  readonly worldNow: () => number;
  /** The clock by which rings are decided. */
  readonly ringNow: () => number;
  /** Whoever signs cannot be behind a change: it begins later than everybody knows of it. */
  readonly isKnownInTime: boolean;
};

/**
 * What the product has promised so far: a small, slow-witted copy of its state, fed only by commits and by what receivers
 * see. Everything that the product does is compared with it.
 */
export class Model {
  readonly checks: Checks;
  readonly options: ModelOptions;
  readonly organizations = new Map<OrganizationId, OrganizationModel>();
  readonly endpoints = new Map<EndpointId, EndpointModel>();
  readonly endpointsByUrl = new Map<string, EndpointModel>();
  readonly rings = new Map<RingOwner, RingModel>();
  /** Those that have not ended. */
  readonly deliveries = new Map<DeliveryId, DeliveryModel>();
  /** By the number that stands in `occurredAt` of their events. */
  readonly calls = new Map<number, SendCall>();
  readonly duplicates = new Map<string, number>();
  /** Endpoints whose last change their process may not know. */
  readonly untold = new Set<EndpointModel>();
  /** Since when nothing went wrong that could hold up everybody, by the time of the world. */
  calmSince = 0;
  readonly totals = {
    events: 0,
    deliveries: 0,
    leased: 0,
    resent: 0,
    requests: 0,
    attempts: 0,
    /** Of deliveries that had ended when they were recorded. */
    attemptsAfterEnd: 0,
    succeeded: 0,
    dead: 0,
    cancelled: 0,
    rotations: 0,
    lateSuccesses: 0,
    prunedDeliveries: 0,
    prunedAttempts: 0,
    prunedEvents: 0,
    verified: 0,
    longestWaitMs: 0,
  };

  constructor(options: ModelOptions) {
    this.options = options;
    this.checks = options.checks ?? new Checks();
  }

  ring(owner: RingOwner): RingModel {
    const known = this.rings.get(owner);
    if (known !== undefined) return known;
    const made = new RingModel(owner);
    this.rings.set(owner, made);
    return made;
  }

  countDuplicate(reason: string): void {
    this.duplicates.set(reason, (this.duplicates.get(reason) ?? 0) + 1);
  }

  /** A process that may have been behind is gone: the next one reads what stands in the tables. */
  allTold(): void {
    for (const endpoint of this.untold) this.tell(endpoint);
    for (const ring of this.rings.values()) ring.settled();
  }

  tell(endpoint: EndpointModel): void {
    endpoint.isTold = true;
    this.untold.delete(endpoint);
    endpoint.organization.changed();
    endpoint.epoch = endpoint.organization.epoch;
  }
}
