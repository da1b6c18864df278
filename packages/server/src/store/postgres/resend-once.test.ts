import { expect, it } from 'vitest';
import { acceptedEvent, acceptOne, leased, newId, populate, START, succeeded } from '../contract/fixtures.ts';
import type { Command } from '../port.ts';
import { withNodes } from './testing/nodes.ts';

const ROUNDS = 10;

it('of two nodes that send the same again at the same time one does, when it is to happen once', () =>
  withNodes(async (nodes) => {
    const [one, other] = [await nodes.open(), await nodes.open()];
    const { organization: owner, endpoint } = await populate(one, 1);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sent = leased(endpoint.id);
      const event = acceptedEvent(owner.id, [sent]);
      await acceptOne(one, event);
      await one.record({ incarnation: one.incarnation, outcomes: [succeeded(sent)], health: [] });
      const again = (): Command[] => {
        const { key: eventKey } = event.event;
        const ids = { id: newId('dlv'), organizationId: owner.id, endpointId: endpoint.id, eventKey };
        return [
          { kind: 'endpoint.expect', endpointId: endpoint.id, version: endpoint.version },
          { kind: 'delivery.insert', deliveries: [{ ...ids, resendOf: sent.id, createdAt: START }], once: true },
        ];
      };
      const applied = await Promise.all([one.apply(again()), other.apply(again())]);
      expect(applied.map(({ kind }) => kind).toSorted()).toEqual(['applied', 'conflict']);
    }
  }));
