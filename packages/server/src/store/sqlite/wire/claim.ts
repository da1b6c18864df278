import type { DeliveryId, EndpointId, EventKey, OrganizationId } from '../../../domain/ids.ts';
import type { Claimed, ClaimUnit, DueTaken, QueuedDelivery, ReleaseUnit, TakeDueUnit } from '../../port.ts';
import { UNIT, type UnitCodec } from './batch.ts';

export const claimCodec: UnitCodec<ClaimUnit, Claimed> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.claim, unit.incarnation, unit.endpointId, unit.now, unit.itemsMax, unit.bytesMax);
  },

  decode(unit, { cells, slab }) {
    const nextDueAt = cells.numberOrNull();
    const count = cells.number();
    if (count === 0) return { deliveries: [], nextDueAt };
    // Ids below were read from the tables, where only ids of that kind are stored.
    const organizationId = cells.text() as OrganizationId;
    let slabAt = cells.number();
    const deliveries: QueuedDelivery[] = [];
    for (let index = 0; index < count; index += 1) {
      const id = cells.text() as DeliveryId;
      const eventKey = cells.text() as EventKey;
      const eventId = cells.textOrNull() ?? eventKey;
      const eventType = cells.text();
      const contentType = cells.textOrNull() ?? 'application/json';
      const createdAt = cells.number();
      const occurredAt = cells.number();
      const attemptCount = cells.number();
      const dueAt = cells.number();
      const length = cells.number();
      const payload = slab.subarray(slabAt, slabAt + length);
      slabAt += length;
      deliveries.push({
        id,
        organizationId,
        endpointId: unit.endpointId,
        eventKey,
        eventId,
        eventType,
        contentType,
        occurredAt,
        createdAt,
        dueAt,
        payload,
        attemptCount,
      });
    }
    return { deliveries, nextDueAt };
  },
};

export const takeDueCodec: UnitCodec<TakeDueUnit, DueTaken> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.takeDue, unit.now, unit.itemsMax);
  },

  decode(_unit, { cells }) {
    const nextDueAt = cells.numberOrNull();
    const count = cells.number();
    const endpointIds: EndpointId[] = [];
    // As above.
    for (let index = 0; index < count; index += 1) endpointIds.push(cells.text() as EndpointId);
    return { endpointIds, nextDueAt };
  },
};

export const releaseCodec: UnitCodec<ReleaseUnit, undefined> = {
  slabBytes: () => 0,

  encode(unit, { cells }) {
    cells.push(UNIT.release, unit.incarnation, unit.endpointId, unit.dueAt, unit.deliveryIds.length);
    for (const id of unit.deliveryIds) cells.push(id);
  },

  decode: () => undefined,
};
