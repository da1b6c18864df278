import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, type Running, said, startHarness } from './testing/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

/** Two of every three events fail for good: there are no retries here. */
async function send(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await harness.json(['send', 'cli.tail', String(index)]);
}

function idsOf(out: string): string[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => String((JSON.parse(line) as { id: unknown }).id));
}

async function saidLines(running: Running, count: number): Promise<void> {
  while (running.out().split('\n').length <= count) {
    await new Promise((resolve) => running.child.stdout?.once('data', resolve));
  }
}

describe('deliveries tail', () => {
  it('shows each attempt once, also when the server is killed and started again elsewhere, and ends with Ctrl-C', async () => {
    const { id } = await harness.createEndpoint('/hook', '--events', 'cli.tail');
    await send(2);
    const tail = harness.spawn(['deliveries', 'tail', '--json', '--endpoint', id]);
    await saidLines(tail, 2);
    await send(3);
    await saidLines(tail, 5);
    harness.server.child.kill('SIGKILL');
    await harness.server.ended;
    const again = harness.spawn(['serve']);
    try {
      await said(again, 'Stop it with Ctrl-C.');
      await send(4);
      await saidLines(tail, 9);
      const [first] = (await harness.json(['deliveries', 'list', '--endpoint', id, '--limit', '9']))['items']!;
      tail.child.kill('SIGINT');
      const { code, out, err } = await tail.ended;
      expect([code, err]).toEqual([0, '']);
      const ids = idsOf(out);
      expect(new Set(ids).size).toBe(9);
      const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as object;
      expect(last).toMatchObject({
        endpointId: id,
        deliveryId: first!['id'],
        eventType: 'cli.tail',
        deliveryStatus: 'succeeded',
        status: 204,
        endpointHost: new URL(harness.receiver.url('/')).host,
      });
    } finally {
      again.child.kill('SIGTERM');
      await again.ended;
    }
  });
});

describe('deliveries tail beside a server', () => {
  let server: Running;
  beforeAll(async () => {
    server = harness.spawn(['serve']);
    await said(server, 'Stop it with Ctrl-C.');
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.ended;
  });

  it('filters, and shows the last ones first for people', async () => {
    const broken = await harness.createEndpoint('/broken', '--events', 'cli.broken');
    await harness.createEndpoint('/hook', '--events', 'cli.broken');
    await harness.json(['send', 'cli.broken', '1']);
    const tail = harness.spawn(['deliveries', 'tail', '--status', 'dead', '--event-type', 'cli.broken']);
    await said(tail, 'cli.broken');
    tail.child.kill('SIGINT');
    const { code, out } = await tail.ended;
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const host = new URL(harness.receiver.url('/')).host;
    expect(lines[0]).toMatch(
      new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z  500  dead +\\d+ ms  ${host} +cli\\.broken +dlv_\\w+`),
    );
    expect(broken.id).toMatch(/^ep_/);
  });

  it('ends when its reader has seen enough', async () => {
    const tail = harness.spawn(['deliveries', 'tail', '--lines', '1']);
    await said(tail, '\n');
    tail.child.stdout?.destroy();
    await harness.json(['send', 'cli.tail', '1']);
    await harness.json(['send', 'cli.tail', '2']);
    expect((await tail.ended).code).toBe(0);
  });

  it('is refused an endpoint that is not there, and a status that no attempt has', async () => {
    expect((await harness.cli(['deliveries', 'tail', '--endpoint', 'ep_nothing'])).code).not.toBe(0);
    const { code, err } = await harness.cli(['deliveries', 'tail', '--status', 'pending']);
    expect([code, err.includes('succeeded, retrying, dead')]).toEqual([2, true]);
  });
});

describe('without a server', () => {
  it('there is nothing to follow', async () => {
    const { code, err } = await harness.cli(['deliveries', 'tail']);
    expect([code, err.includes('hookring serve')]).toEqual([3, true]);
  });

  it('a delivery can be sent again, one or several, and what is not there is told', async () => {
    const items = (await harness.json(['deliveries', 'list', '--limit', '2']))['items']!;
    const [one, two] = items.map((item) => item['id'] as string);
    const made = await harness.cli(['resend', one!, two!]);
    expect([made.code, made.out.trimEnd().split('\n').length]).toEqual([0, 2]);
    expect(made.err).toContain('No server runs');
    const mixed = await harness.cli(['resend', one!, 'dlv_nothing', '--json']);
    expect(mixed.code).toBe(1);
    expect(JSON.parse(mixed.out)).toMatchObject({ items: [{ resendOf: one }], failed: [{ id: 'dlv_nothing' }] });
    expect((await harness.cli(['resend', 'dlv_nothing'])).code).toBe(5);
    expect((await harness.cli(['deliveries', 'resend', one!])).code).toBe(0);
    expect((await harness.cli(['resend', one!, '--url', 'http://127.0.0.1:1', '--key', 'k'.repeat(40)])).code).toBe(3);
  });

  it('recover works at the top level as below endpoints', async () => {
    const { items } = await harness.json(['endpoints', 'list']);
    const id = items!.at(-1)!['id'] as string;
    const recover = async (...words: readonly string[]) =>
      Number((await harness.json([...words, id, '--since', '1h', '--status', 'succeeded']))['recovered']);
    expect(await recover('recover')).toBeGreaterThan(0);
    // What is on its way again is not sent a third time.
    expect(await recover('endpoints', 'recover')).toBe(0);
    const { code, err } = await harness.cli(['recover', id, '--since', '1h', '--status', 'ded']);
    expect([code, err.includes('Did you mean dead?')]).toEqual([2, true]);
  });
});
