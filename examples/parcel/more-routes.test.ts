/** The further routes of docs/write-a-dialect.md, in a server that serves them beside the dialect's own. */
import { readFileSync } from 'node:fs';
import { defineDialect } from 'hookring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkedClient } from '../../packages/server/src/dialects/testing/checked-client.ts';
import { endedDeliveries, sendEvent } from '../../packages/server/src/dialects/testing/native-steps.ts';
import { type RunningDialects, runDialects } from '../../packages/server/src/dialects/testing/running-dialects.ts';
import { moreRoutes } from './more-routes.ts';
import { parcel } from './parcel.ts';

const whole = defineDialect({
  ...parcel,
  scopeAliases: { hooks: [...(parcel.scopeAliases['hooks'] ?? []), 'deliveries:write'] },
  routes: [...parcel.routes, ...moreRoutes],
});
const KEY = { token: null, headers: { 'parcel-key': 'pk_demo_of_the_manual' } };

let running: RunningDialects;
let ask: ReturnType<typeof checkedClient>;

beforeAll(async () => {
  running = await runDialects([whole]);
  ask = checkedClient(running, whole);
});
afterAll(async () => {
  await running.stop();
});

describe('the further routes of the manual', () => {
  it('limit, list, roll and resend', async () => {
    const target = running.receiver.url;
    const ids: string[] = [];
    for (const status of [201, 201, 409]) {
      const made = await ask('POST', '/samples', { ...KEY, json: { target } });
      expect(made.status).toBe(status);
      if (status === 201) ids.unshift(made.json.id);
    }
    const first = await ask('GET', '/hooks?limit=1', KEY);
    const second = await ask('GET', `/hooks?limit=1&cursor=${first.json.next}`, KEY);
    expect([...first.json.hooks, ...second.json.hooks].map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(second.json.next).toBeNull();

    const both = await ask('POST', `/hooks/${ids[0]}/and/${ids[1]}/roll`, {
      ...KEY,
      headers: { ...KEY.headers, 'idempotency-key': 'both' },
    });
    expect(new Set(both.json.keys).size).toBe(2);

    const { id } = await sendEvent(running, { type: 'parcel.sent', payload: {} });
    const [delivery] = await endedDeliveries(running, id);
    const drop = String(delivery.id).replace('dlv', 'drop');
    expect((await ask('POST', `/drops/${drop}/resend`, KEY)).status).toBe(202);
  });

  it('are what the manual prints', () => {
    const page = readFileSync(new URL('../../docs/write-a-dialect.md', import.meta.url), 'utf8');
    const printed = [...page.matchAll(/```typescript\n([\s\S]*?)```/g)].map(([, code = '']) => code.trim());
    const source = readFileSync(new URL('./more-routes.ts', import.meta.url), 'utf8');
    expect(printed).toHaveLength(moreRoutes.length);
    expect(source).toContain(printed.join('\n\n'));
  });
});
