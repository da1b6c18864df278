import { createServer } from 'node:net';
import type { Config } from '../../config/settings.ts';
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

/** Whether a server could listen, asked while none runs: the port is taken for a moment. */
export async function checkPort({ host, port }: Pick<Config, 'host' | 'port'>): Promise<Finding> {
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code = await listenFailure(host, port);
  if (code === null) return well('port', port === 0 ? 'any free one' : `${shown} is free`);
  return fail('port', `${shown} ${SAYS[code] ?? `cannot be used (${code})`}`, ADVICE[code] ?? 'Choose another.');
}

async function listenFailure(host: string, port: number): Promise<string | null> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  return await promise;
}
