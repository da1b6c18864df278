import type { DeliveryId } from '../../packages/server/src/domain/ids.ts';
import type { Incarnation } from '../../packages/server/src/store/port.ts';
import type { SimulatedProcess } from '../time/process.ts';
import type { EndpointModel } from './endpoint-model.ts';

export type DeliveryEnd = 'succeeded' | 'dead' | 'cancelled';

/** What a process was told of one request, until it is recorded. */
export type Unrecorded = {
  readonly by: SimulatedProcess;
  readonly under: Incarnation;
  readonly startedAt: number;
  readonly keyIds: string;
  /** Null: no response. */
  readonly status: number | null;
};

/** What was asked of the receiver for one delivery. */
export class Requests {
  /** Whose request is out. */
  flying: SimulatedProcess | null = null;
  count = 0;
  unrecorded: Unrecorded[] = [];
  /** So often the receiver took it as a 2xx says. */
  taken = 0;
  /** Who was told of that 2xx, under which run; what it knows, it must not do again. */
  told: { readonly by: SimulatedProcess; readonly under: Incarnation } | null = null;
  /** Why the receiver may see it again, although it took it. */
  excuse: string | null = null;
}

/** One delivery, from its commit until nothing of it can be sent any more. */
export class DeliveryModel {
  readonly id: DeliveryId;
  readonly ordinal: number;
  readonly endpoint: EndpointModel;
  readonly eventId: string;
  /** By the time of the world. */
  readonly createdAt: number;
  /** By the clock of whoever decided. */
  dueAt: number;
  /** Who may send it; null: it waits in the store. */
  lease: Incarnation | null;
  end: DeliveryEnd | null = null;
  requests: Requests | null = null;
  /** Attempts that stand in its history. */
  recorded = 0;
  /** It was there before, or is sent again: how long it waits says nothing. */
  isDisturbed = false;

  constructor(
    id: DeliveryId,
    ordinal: number,
    endpoint: EndpointModel,
    eventId: string,
    createdAt: number,
    dueAt: number,
    lease: Incarnation | null,
  ) {
    this.id = id;
    this.ordinal = ordinal;
    this.endpoint = endpoint;
    this.eventId = eventId;
    this.createdAt = createdAt;
    this.dueAt = dueAt;
    this.lease = lease;
  }
}
