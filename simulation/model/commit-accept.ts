import type { AcceptedEvent, Incarnation } from '../../packages/server/src/store/port.ts';
import type { WorkOf } from '../database/work.ts';
import { CALLS_BEGIN_AT } from './calls.ts';
import { DeliveryModel } from './delivery-model.ts';
import type { OrganizationModel } from './endpoint-model.ts';
import type { Model } from './model.ts';

let stamps = 0;

/** Events were committed with their deliveries. Answers the ordinal of the last delivery. */
export function commitAccept(model: Model, work: WorkOf<'accept'>, incarnation: Incarnation, ordinals: number): number {
  const { unit, result } = work;
  if (result?.kind !== 'accepted') return ordinals;
  const now = model.options.worldNow();
  let ordinal = ordinals;
  for (const [index, accepted] of unit.events.entries()) {
    if (result.outcomes[index]?.kind !== 'stored') continue;
    const { event, deliveries } = accepted;
    const organization = model.organizations.get(event.organizationId);
    if (organization === undefined) throw new Error('an event of nobody');
    checkFanOut(model, organization, accepted, unit.endpointsVersion !== undefined && unit.endpointsVersion !== null);
    model.totals.events += 1;
    const call = model.calls.get(event.occurredAt - CALLS_BEGIN_AT);
    if (call !== undefined) call.committed += 1;
    for (const { id, endpointId, leased } of deliveries) {
      const endpoint = model.endpoints.get(endpointId);
      if (endpoint === undefined) throw new Error('a delivery to nobody');
      ordinal += 1;
      const lease = leased ? incarnation : null;
      const delivery = new DeliveryModel(id, ordinal, endpoint, event.id, now, event.createdAt, lease);
      delivery.isDisturbed = endpoint.inactiveSince !== null;
      model.deliveries.set(id, delivery);
      endpoint.owe(delivery);
      if (leased) model.totals.leased += 1;
    }
    model.totals.deliveries += deliveries.length;
  }
  return ordinal;
}

/**
 * Whoever was subscribed before the call began and still is gets the event, and whoever was not does not; what changed in
 * between may be seen or not. Where the version of the endpoints was compared, nothing may have changed.
 */
function checkFanOut(
  model: Model,
  organization: OrganizationModel,
  accepted: AcceptedEvent,
  isCompared: boolean,
): void {
  const { event, deliveries } = accepted;
  const call = model.calls.get(event.occurredAt - CALLS_BEGIN_AT);
  const expected = organization.matching(event.type);
  const stamp = (stamps += 1);
  for (const { endpointId } of deliveries) {
    const endpoint = model.endpoints.get(endpointId);
    if (endpoint === undefined || endpoint.organization !== organization) {
      model.checks.that('walls', false, () => `${event.id} went to ${endpointId}, which is another organization's`);
      continue;
    }
    model.checks.that('current', endpoint.stamp !== stamp, () => `${event.id} went to ${endpointId} twice`);
    endpoint.stamp = stamp;
    // It was matched, so it must match, unless it changed meanwhile.
    const mayMatch =
      endpoint.takes(event.type) ||
      (!isCompared && (call === undefined || endpoint.epoch > call.epoch || !endpoint.isTold));
    model.checks.that(
      'current',
      mayMatch,
      () => `${event.id} of type ${event.type} went to ${endpointId}, which does not take it`,
    );
  }
  for (const endpoint of expected) {
    const mustMatch = isCompared || (call !== undefined && endpoint.isTold && endpoint.epoch <= call.epoch);
    if (!mustMatch) continue;
    model.checks.that(
      'current',
      endpoint.stamp === stamp,
      () => `${event.id} of type ${event.type} did not go to ${endpoint.id}`,
    );
  }
}
