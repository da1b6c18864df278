import { createServer } from 'node:net';
import type { Config } from '../../config/settings.ts';
import { HEALTHY } from '../../http/health.ts';
import { type Finding, fail, well } from './finding.ts';

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Stop the other program, or choose another port: HOOKRING_PORT.',
  EADDRNOTAVAIL: 'Name an address of this machine: HOOKRING_HOST, 0.0.0.0 for all of them.',
  EACCES: 'Ports below 1024 need a privilege: choose a higher one, with a proxy before it.',
  ENOTFOUND: 'Name an address of this machine: HOOKRING_HOST.',
};
const SAYS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EADDRNOTAVAIL: 'is no address of this machine',
  EACCES: 'may not be used by this user',
  ENOTFOUND: 'has a host that is not known',
};

const PROBE_TIMEOUT_MS = 2_000;

/** Whether a server could listen, asked while none is known to run: the port is taken for a moment. */
export async function checkPort({
  host,
  port,
  database,
}: Pick<Config, 'host' | 'port' | 'database'>): Promise<Finding> {
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code = await listenFailure(host, port);
  if (code === null) return well('port', port === 0 ? 'any free one' : `${shown} is free`);
  if (code === 'EADDRINUSE' && (await isHookring(shown))) {
    // Of a worker, or of a server that another user started, there is no file that would say which database it is on.
    if (database.kind === 'postgres') return well('port', `a server of Hookring listens at ${shown}`);
    return fail('port', `${shown} is taken by another server of Hookring`, ADVICE[code] ?? '');
  }
  return fail('port', `${shown} ${SAYS[code] ?? `cannot be used (${code})`}`, ADVICE[code] ?? 'Choose another.');
}

/** Whether what listens there answers as every server of ours does, in whatever role. */
async function isHookring(shown: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${shown}/healthz`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    const reader = response.body?.getReader();
    // Ours comes in one piece; of whatever else answers there no more is read.
    const first = await reader?.read();
    await reader?.cancel();
    return response.status === 200 && new TextDecoder().decode(first?.value) === HEALTHY;
  } catch {
    return false;
  }
}

async function listenFailure(host: string, port: number): Promise<string | null> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  return await promise;
}
