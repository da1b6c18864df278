import { Client } from 'pg';
import { expect, it } from 'vitest';
import { acceptedEvent, acceptOne, populate, waiting } from '../contract/fixtures.ts';
import { type Store, StoreUnavailable } from '../port.ts';
import { withNodes } from './testing/nodes.ts';

/** A node, and a session that decides whether sessions which begin from now on may write. */
async function withSwitch(
  test: (parts: {
    node: Store;
    takesWrites: (isTaken: boolean) => Promise<void>;
    end: (kind: string) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await withNodes(async (nodes) => {
    const node = await nodes.open();
    const sql = new Client({ connectionString: nodes.url });
    await sql.connect();
    const name = new URL(nodes.url).pathname.slice(1);
    try {
      await test({
        node,
        takesWrites: async (isTaken) => {
          await sql.query('SET default_transaction_read_only = off');
          const setting = isTaken ? 'RESET default_transaction_read_only' : 'SET default_transaction_read_only = on';
          await sql.query(`ALTER DATABASE ${name} ${setting}`);
        },
        end: async (kind) => {
          await sql.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = $1`,
            [`hookring ${kind}`],
          );
        },
      });
    } finally {
      await sql.end();
    }
  });
}

it('a node whose connections for writes are refused is not ready, although its others may write', () =>
  withSwitch(async ({ node, takesWrites, end }) => {
    const { organization, endpoint } = await populate(node, 1);
    const accept = async (): Promise<void> =>
      await acceptOne(node, acceptedEvent(organization.id, [waiting(endpoint.id)]));
    await accept();
    await node.ping();
    await takesWrites(false);
    await end('write');
    await expect(accept()).rejects.toThrow(StoreUnavailable);
    await expect(node.ping()).rejects.toThrow(StoreUnavailable);
    await takesWrites(true);
    // Without traffic too: whoever sends none to a node that is not ready would never find out.
    await node.ping();
    await accept();
  }));

it('a node is ready again at once when its database takes writes, also on sessions that began before', () =>
  withSwitch(async ({ node, takesWrites, end }) => {
    await populate(node, 1);
    await node.ping();
    await takesWrites(false);
    await end('control');
    await expect(node.ping()).rejects.toThrow(StoreUnavailable);
    // What only reads keeps a session that was opened meanwhile, and it takes no writes afterwards either.
    await node.currency.renew();
    await takesWrites(true);
    await node.ping();
  }));
