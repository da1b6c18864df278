import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../testing/harness.ts';

const DAY_MS = 86_400_000;
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

async function ended(eventId: string): Promise<void> {
  for (let round = 0; round < 500; round += 1) {
    const { items } = await harness.json(['deliveries', 'list', '--event', eventId]);
    if (items?.[0]?.['status'] === 'succeeded') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the delivery never ended');
}

describe('hookring events erase', () => {
  it('asks for --yes, then erases', async () => {
    const { id } = await harness.createEndpoint('/erase', '--events', 'cli.erase');
    await harness.json(['send', 'cli.erase', '{"card":4711}', '--id', 'erase-me']);
    await ended('erase-me');
    const asked = await harness.cli(['events', 'erase', 'erase-me']);
    expect([asked.code, asked.err.includes('--yes')]).toEqual([2, true]);
    expect((await harness.cli(['events', 'show', 'erase-me'])).out).toContain('4711');
    expect((await harness.cli(['events', 'erase', 'erase-me', '--yes'])).out).toBe(
      'The payload of erase-me is erased.\n',
    );
    const shown = await harness.cli(['events', 'show', 'erase-me']);
    expect([shown.out.includes('4711'), shown.out.includes('erased')]).toEqual([false, true]);
    expect(await harness.json(['events', 'erase', 'erase-me', '--yes'])).toEqual({ id: 'erase-me', erased: true });
    expect((await harness.cli(['events', 'erase', 'evt_nothing', '--yes'])).code).toBe(5);
    // Whoever recovers what an endpoint missed learns that this one cannot be sent.
    const recovered = await harness.cli(['recover', id, '--since', '1h', '--status', 'succeeded']);
    expect([recovered.out, recovered.err]).toEqual([
      'There was nothing to recover.\n',
      'Passed over, because the payload of their event was erased: 1\n',
    ]);
  });

  it('says to whom the event is still owed', async () => {
    const { id } = await harness.createEndpoint('/owed', '--events', 'cli.owed');
    await harness.cli(['endpoints', 'suspend', id]);
    await harness.json(['send', 'cli.owed', '1', '--id', 'owed']);
    const refused = await harness.cli(['events', 'erase', 'owed', '--yes']);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(id);
    expect(refused.err).toContain('hint: See who it is owed to');
  });
});

describe('hookring prune', () => {
  it('finds nothing to remove of today, and takes no age under a day', async () => {
    expect((await harness.cli(['prune', '--older-than', '2d'])).out).toMatch(/^Nothing to remove/);
    const young = await harness.cli(['prune', '--older-than', '2h']);
    expect([young.code, young.err.includes('at least 24 hours ago')]).toEqual([1, true]);
    expect((await harness.cli(['prune', '--older-than', 'soon'])).code).toBe(2);
  });

  it('removes what is old while no server runs, and a dry run says what it would be', async () => {
    harness.server.child.kill('SIGTERM');
    await harness.server.ended;
    const db = new DatabaseSync(join(harness.folder, 'data', 'hookring.db'));
    db.prepare('UPDATE events SET created_at = ?').run(Date.now() - 40 * DAY_MS);
    db.close();
    const removed = { events: 1, deliveries: 1, attempts: 1 };
    const dry = await harness.json(['prune', '--dry-run']);
    expect(dry).toEqual({ before: expect.any(String), dryRun: true, removed });
    expect((await harness.cli(['prune', '--dry-run'])).out).toMatch(
      /^Would remove 1 event from .* 1 delivery and 1 att/,
    );
    expect((await harness.cli(['prune'])).out).toMatch(/^Removed 1 event from/);
    expect((await harness.json(['prune']))['removed']).toEqual({ events: 0, deliveries: 0, attempts: 0 });
    // One line for each run, none for a dry one.
    expect((await harness.json(['audit', '--action', 'events.pruned']))['items']).toHaveLength(3);
    // The one that is held for a suspended endpoint is still owed.
    expect((await harness.cli(['events', 'show', 'owed'])).code).toBe(0);
  });
});
