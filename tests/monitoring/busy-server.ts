import { createServer } from 'node:http';
import { clientOf, eventually } from '../../testbed/client.ts';
import { type ServerProcess, startServer } from '../../testbed/server-process.ts';

/** A server that has seen a little of everything. Answers what it shows at `/metrics`. */
export async function metricsOfBusyServer(environment: Record<string, string> = {}): Promise<string> {
  const receiver = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url?.startsWith('/bad') === true ? 500 : 200).end();
  });
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as { port: number };
  let server: ServerProcess | null = null;
  try {
    server = await startServer({
      HOOKRING_AUTO_SUSPEND_ATTEMPTS: '1',
      HOOKRING_AUTO_SUSPEND_HOURS: '0',
      HOOKRING_RATE_LIMIT: '12/h',
      ...environment,
    });
    return await traffic(server, `http://127.0.0.1:${port}`);
  } finally {
    await server?.remove();
    await new Promise((resolve) => void receiver.close(resolve));
  }
}

async function traffic(server: ServerProcess, receiver: string): Promise<string> {
  const call = clientOf(server);
  const created: string[] = [];
  for (const path of ['/good', '/bad']) {
    const { json } = await call('POST', '/v1/endpoints', { body: { url: receiver + path } });
    created.push((json['endpoint'] as unknown as { id: string }).id);
  }
  await call('POST', `/v1/endpoints/${created[0]}/rotate`, { body: { graceSeconds: 3_600 } });
  await call('POST', '/v1/events', { body: { type: 'thing.done', payload: { a: 1 } } });
  for (const path of ['/moonborn/v1/webhooks', '/agentmessage/v1/webhooks', '/nothing']) await call('GET', path);
  await call('GET', '/v1/endpoints', { key: null });
  const scrape = async (): Promise<string> => (await call('GET', '/metrics', { key: null })).text;
  await eventually(async () => (await scrape()).includes('hookring_suspended_endpoints{reason="failing"} 1'));
  // An event for the endpoint that is suspended now is held.
  await call('POST', '/v1/events', { body: { type: 'thing.done', payload: null } });
  for (let index = 0; index < 12; index += 1) await call('GET', '/v1/endpoints');
  // The job that comes around most often.
  return await eventually(async () => {
    const text = await scrape();
    return text.includes('hookring_job_last_success_timestamp_seconds{') ? text : null;
  }, 20_000);
}
