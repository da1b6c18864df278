import { createSigner, nativeWebhooks, signingKey } from '@hookring/signing';
import { Client, type Dispatcher } from 'undici';

/**
 * What one thread can send at most on this machine: a bare dispatcher for each of as many connections as a lane has,
 * with the options of the delivery client, each body signed, nothing stored, nothing decided. Answers deliveries per
 * second.
 */
export async function measureCeiling(options: {
  readonly url: string;
  readonly deliveries: number;
  readonly connections: number;
  readonly body: Uint8Array;
}): Promise<number> {
  const { origin, pathname } = new URL(options.url);
  const dispatching = { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, allowH2: false };
  const clients = Array.from({ length: options.connections }, () => new Client(origin, dispatching));
  const key = signingKey(`whsec_${Buffer.alloc(32, 7).toString('base64')}`, 'hmac-sha256', 'base64');
  const signer = createSigner(nativeWebhooks, [{ id: 'sec_bench', algorithm: 'hmac-sha256', key }]);
  let sent = 0;
  let ended = 0;
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const next = (client: Client): void => {
      if (sent >= options.deliveries) {
        if (ended === sent) resolve();
        return;
      }
      sent += 1;
      const message = { id: `evt_${sent}`, timestampSeconds: Math.floor(Date.now() / 1_000), eventType: 'bench.event' };
      const headers = ['content-type', 'application/json', ...signer.headers({ ...message, body: options.body })];
      client.dispatch({ method: 'POST', path: pathname, headers, body: options.body }, handlerOf(client));
    };
    const handlerOf = (client: Client): Dispatcher.DispatchHandler => ({
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {
        ended += 1;
        next(client);
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    });
    for (const client of clients) next(client);
  });
  const seconds = (performance.now() - started) / 1_000;
  await Promise.all(clients.map((client) => client.close()));
  return options.deliveries / seconds;
}
