import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  acceptedEvent,
  failed,
  idempotencyRow,
  leased,
  newId,
  START,
  succeeded,
  waiting,
} from '../../contract/fixtures.ts';
import { type Collection, collectPlans, type PlanNode, tellPlans } from '../testing/explained.ts';
import { type Hot, withHot } from '../testing/hot.ts';

/** Those of a batch, each of which was lost once as well. */
const BATCHES = ['accept', 'accept_keyed', 'record', 'claim', 'take_due', 'release'];
const BESIDE = [
  'batch_void',
  'batch_find',
  'claim_recovered',
  'take_due_recovered',
  'take_due_drop',
  'accept_taken',
  'directory_endpoints',
  'directory_organizations',
];
/** Reads the earliest rows of an index, in its order. */
const IN_ORDER = new Set(['due_endpoints_by_time', 'queue_waiting']);

type Told = PlanNode & {
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Told[];
};

function nodesOf(node: Told): readonly Told[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** A look into a table that is no look for a row. */
function goesThrough(node: Told): boolean {
  if (node['Relation Name'] === undefined || node['Node Type'] === 'ModifyTable') return false;
  if (node['Node Type'] === 'Bitmap Heap Scan') return false;
  return node['Index Cond'] === undefined && !IN_ORDER.has(node['Index Name'] ?? '');
}

async function useAll(hot: Hot, collection: Collection): Promise<void> {
  const { writer, incarnation } = await hot.node();
  const { organizationId, endpoints } = await hot.populate(2);
  const [one = newId('ep'), two = newId('ep')] = endpoints;
  for (const isLost of [false, true]) {
    const lose = (name: string): void => void (isLost && collection.loseAnswer(name));
    const deliveries = [leased(one), leased(one), waiting(one), waiting(two)];
    const event = acceptedEvent(organizationId, deliveries);
    lose('accept');
    await writer.accept({ events: [event], idempotency: null, endpointsVersion: 0 });
    const own = acceptedEvent(organizationId, [], { event: { id: `x${isLost}` }, fingerprint: 'f' });
    lose('accept_keyed');
    await writer.accept({ events: [own], idempotency: idempotencyRow({ key: `k${isLost}` }) });
    const [good, late] = deliveries;
    if (good === undefined || late === undefined) throw new Error('two deliveries');
    const health = [{ endpointId: one, successAt: START, failureAt: null, failures: 0, firstFailureAt: null }];
    lose('record');
    const outcomes = [succeeded(good), failed(late, { kind: 'retry', dueAt: START })];
    await writer.record({ incarnation, outcomes, health });
    lose('take_due');
    await writer.takeDue({ now: START, itemsMax: 9 });
    lose('claim');
    const { deliveries: claimed } = await writer.claim({
      incarnation,
      endpointId: one,
      now: START,
      itemsMax: 9,
      bytesMax: 1_000,
    });
    lose('release');
    const deliveryIds = claimed.map(({ id }) => id);
    await writer.release({ incarnation, endpointId: one, deliveryIds, dueAt: START });
  }
  await hot.sql.query("UPDATE endpoints SET status = 'archived'");
  await writer.takeDue({ now: START, itemsMax: 9 });
}

describe('plans that were made while all tables were empty', () => {
  const found: { readonly name: string; readonly nodes: readonly Told[] }[] = [];
  let collection: Collection;

  beforeAll(async () => {
    collection = collectPlans();
    await withHot(async (hot) => {
      await hot.sql.query('VACUUM ANALYZE');
      await tellPlans(hot.url, []);
      await useAll(hot, collection);
    });
    for (const { name, plan } of collection.plans) found.push({ name, nodes: nodesOf(plan) });
  }, 60_000);
  afterAll(() => collection?.stop());

  it('are those of all batches, and of what is asked when an answer was lost', () => {
    const names = [...new Set(found.map(({ name }) => name))];
    expect(names).toEqual(expect.arrayContaining([...BATCHES, ...BESIDE]));
  });

  it('look up each row of their batch, and never go through a table from its beginning', () => {
    const through = found.flatMap(({ name, nodes }) =>
      nodes
        .filter(goesThrough)
        .map((node) => `${name}: ${node['Node Type']} ${node['Index Name'] ?? node['Relation Name']}`),
    );
    expect([...new Set(through)]).toEqual([]);
  });

  it('keep nothing to look through again and again', () => {
    const kept = found.flatMap(({ name, nodes }) =>
      nodes.filter((node) => node['Node Type'] === 'Materialize').map(() => name),
    );
    expect(kept).toEqual([]);
  });
});
