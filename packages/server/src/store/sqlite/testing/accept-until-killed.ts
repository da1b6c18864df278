import type { EndpointId, OrganizationId } from '../../../domain/ids.ts';
import { acceptedEvent, leased, succeeded } from '../../contract/fixtures.ts';
import { openSqliteStore } from '../open.ts';

/**
 * Accepts events and records every second delivery, and prints a line for each once it was promised. Never ends. Writing
 * to a pipe is synchronous, so a line that was printed is with the reader.
 */
const [, , path = '', organizationId = '', endpointId = ''] = process.argv;
const store = await openSqliteStore({ path, mode: 'threads' });

async function lane(): Promise<never> {
  for (let count = 0; ; count += 1) {
    // Ids of the rows that the test made.
    const delivery = leased(endpointId as EndpointId);
    const event = acceptedEvent(organizationId as OrganizationId, [delivery]);
    await store.accept({ events: [event], idempotency: null });
    process.stdout.write(`accepted ${event.event.key} ${delivery.id}\n`);
    if (count % 2 === 0) continue;
    await store.record({ incarnation: store.incarnation, outcomes: [succeeded(delivery)], health: [] });
    process.stdout.write(`succeeded ${event.event.key} ${delivery.id}\n`);
  }
}

await Promise.all(Array.from({ length: 20 }, lane));
