import { createSigner, nativeWebhooks, signingKey } from '@hookring/signing';
import { type Dispatcher, Pool } from 'undici';

/**
 * What one thread can send at most on this machine: a bare dispatcher with as many connections as a lane has, each body
 * signed, nothing stored, nothing decided. Answers deliveries per second.
 */
export async function measureCeiling(options: {
  readonly url: string;
  readonly deliveries: number;
  readonly connections: number;
  readonly body: Uint8Array;
}): Promise<number> {
  const { origin, pathname } = new URL(options.url);
  const pool = new Pool(origin, { connections: options.connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const key = signingKey(`whsec_${Buffer.alloc(32, 7).toString('base64')}`, 'hmac-sha256', 'base64');
  const signer = createSigner(nativeWebhooks, [{ id: 'sec_bench', algorithm: 'hmac-sha256', key }]);
  let sent = 0;
  let ended = 0;
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const next = (): void => {
      if (sent >= options.deliveries) {
        if (ended === sent) resolve();
        return;
      }
      sent += 1;
      const message = { id: `evt_${sent}`, timestampSeconds: Math.floor(Date.now() / 1_000), eventType: 'bench.event' };
      const headers = ['content-type', 'application/json', ...signer.headers({ ...message, body: options.body })];
      pool.dispatch({ method: 'POST', path: pathname, headers, body: options.body }, handler);
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {
        ended += 1;
        next();
      },
      onResponseError(_controller, error) {
        reject(error);
      },
    };
    for (let index = 0; index < options.connections; index += 1) next();
  });
  const seconds = (performance.now() - started) / 1_000;
  await pool.close();
  return options.deliveries / seconds;
}
