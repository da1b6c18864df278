import { connect, createServer, type Socket } from 'node:net';

/** What becomes of a message to the server that matches. */
export type Cut = 'before' | 'after' | 'after, with all others';

/** Stands between a store and its server, and cuts connections where a test says so. */
export type CutProxy = {
  readonly url: string;
  /**
   * Of the next message with that text: `before` it arrives, or `after` the server has answered it; with all others
   * nobody is let in any more either.
   */
  cutNext(text: string, cut: Cut): void;
  /** All connections there are. */
  cutAll(): void;
  /** Lets new connections in again. */
  admit(): void;
  /** Connections that were cut. */
  readonly cuts: number;
  close(): Promise<void>;
};

export async function startCutProxy(serverUrl: string): Promise<CutProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let armed: { readonly text: string; readonly cut: Cut } | null = null;
  let cuts = 0;
  let refusing = false;

  const proxy = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    let isMute = false;
    let isLast = false;
    client.on('data', (chunk) => {
      if (armed !== null && chunk.includes(armed.text)) {
        const { cut } = armed;
        armed = null;
        cuts += 1;
        if (cut === 'before') {
          client.destroy();
          return;
        }
        isMute = true;
        isLast = cut === 'after, with all others';
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!isMute) {
        client.write(chunk);
        return;
      }
      if (isLast) {
        refusing = true;
        for (const socket of sockets) socket.destroy();
      }
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const url = new URL(serverUrl);
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0);

  return {
    url: url.href,
    cutNext(text, cut) {
      armed = { text, cut };
    },
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    admit() {
      refusing = false;
    },
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
