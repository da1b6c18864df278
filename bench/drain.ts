import { startServer } from '../testbed/server-process.ts';
import type { SinkProcess } from './sink-process.ts';

const BATCH = 500;
const OWED_POLL_MS = 20;

export type Drain = {
  /** From the resume to the last arrival. */
  readonly deliveriesPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly deliveries: number;
};

/**
 * Events for a suspended endpoint are accepted and held; then it is resumed. All that the product does is on:
 * authentication, validation, durable accept, signing, an attempt row for each delivery.
 */
export async function measureDrain(options: {
  readonly sink: SinkProcess;
  readonly deliveries: number;
  readonly payload: string;
}): Promise<Drain> {
  const server = await startServer();
  const call = async (method: string, path: string, body: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' };
    const response = await fetch(`${server.url}${path}`, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  try {
    const created = await call('POST', '/v1/endpoints', JSON.stringify({ url: options.sink.url }));
    const { endpoint } = created as { endpoint: { id: string } }; // The contract's answer.
    const path = `/v1/endpoints/${endpoint.id}`;
    await call('PATCH', path, '{"status":"suspended"}');
    const event = `{"type":"bench.event","payload":${options.payload}}`;
    const batch = `{"events":[${Array.from({ length: BATCH }, () => event).join(',')}]}`;
    const before = await options.sink.count();
    const filling = performance.now();
    for (let sent = 0; sent < options.deliveries; sent += BATCH) await call('POST', '/v1/events', batch);
    const acceptSeconds = (performance.now() - filling) / 1_000;
    const deliveries = Math.ceil(options.deliveries / BATCH) * BATCH;
    const started = performance.now();
    await call('PATCH', path, '{"status":"active"}');
    while ((await options.sink.count()) - before < deliveries) {
      await new Promise((resolve) => {
        setTimeout(resolve, OWED_POLL_MS);
      });
    }
    const seconds = (performance.now() - started) / 1_000;
    return { deliveriesPerSecond: deliveries / seconds, acceptedPerSecond: deliveries / acceptSeconds, deliveries };
  } finally {
    await server.drain();
    await server.remove();
  }
}
