import type { DeliveryEnd, DeliveryModel } from './delivery-model.ts';
import type { Model } from './model.ts';

/** A delivery is owed no more. It is forgotten once nobody can rightly send it. */
export function endDelivery(model: Model, delivery: DeliveryModel, end: DeliveryEnd): void {
  if (delivery.end === null) {
    model.totals[end] += 1;
    delivery.end = end;
  }
  // Somebody else holds its lease, and learns of the end with the result of what it sends.
  if (delivery.lease !== null) return;
  model.deliveries.delete(delivery.id);
  delivery.endpoint.settle(delivery);
}
