import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire between nodes and PostgreSQL that can go dead without a word: nothing arrives and nothing is refused. */
export type Relay = {
  readonly host: string;
  readonly port: number;
  cut(): void;
  /** What was on its way arrives late, as after a cable was plugged in again. */
  mend(): void;
  stop(): Promise<void>;
};

const HOST = '127.0.0.1';

export async function startRelay(to: { readonly host: string; readonly port: number }): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  const join = (near: Socket): void => {
    const far = connect({ ...to, noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => from.destroy());
      from.on('data', (chunk) => {
        if (!into.write(chunk)) from.pause();
      });
      into.on('drain', () => {
        if (!isCut) from.resume();
      });
      from.on('close', () => {
        pairs.delete(pair);
        into.destroy();
      });
    }
    if (isCut) hold(pair);
  };
  const server = createServer({ noDelay: true }, join);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  return {
    host: HOST,
    port: (server.address() as AddressInfo).port, // It listens on TCP, never on a pipe.
    cut() {
      isCut = true;
      for (const pair of pairs) hold(pair);
    },
    mend() {
      isCut = false;
      for (const pair of pairs) for (const socket of pair) socket.resume();
    },
    async stop() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function hold(pair: readonly [Socket, Socket]): void {
  for (const socket of pair) socket.pause();
}
