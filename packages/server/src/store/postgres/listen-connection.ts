import { Client } from 'pg';
import type { Connect } from './listener.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 4_000;

/** A session of its own: LISTEN belongs to one, so it cannot be one of a pool. */
export function listenOn(url: string): Connect {
  return async ({ channels, notified, ended }) => {
    const client = new Client({
      connectionString: url,
      application_name: 'hookring listen',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
    });
    let open = true;
    const end = (): void => {
      if (!open) return;
      open = false;
      ended();
    };
    // Both come when it breaks; without a listener for errors that would end the process.
    client.on('error', end);
    client.on('end', end);
    client.on('notification', ({ channel }) => notified(channel));
    try {
      await client.connect();
      for (const channel of channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      open = false;
      await client.end().catch(() => {});
      throw error;
    }
    return {
      async notify(channel) {
        await client.query('SELECT pg_notify($1, $2)', [channel, '']);
      },
      async end() {
        open = false;
        await client.end();
      },
    };
  };
}
