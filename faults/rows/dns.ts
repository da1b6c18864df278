import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Misbehaviour } from '../customer.ts';
import { type Fault, GIVEN_UP, type Stage } from '../fault.ts';
import { cannotGiveResolvers } from '../machine.ts';
import { type Lie, type NameServer, startNameServer } from '../name-server.ts';

/** Longer than what a server remembers of a name. */
const LYING_MS = 12_000;
const RECEIVER = '127.0.0.1';
/** Nobody may be sent here: only the receiver's own address is opened. */
const TRAP = '127.0.0.66';
const LIES: readonly Lie[] = ['forbidden', 'forbidden-v6', 'mapped', 'mixed', 'flips', 'nothing', 'failure', 'silence'];

let names: NameServer | null = null;

/** The server's own resolver is given another name server, in a mount namespace of its own. */
async function staged(): Promise<Stage> {
  const started = await startNameServer({ good: RECEIVER, forbidden: TRAP });
  names = started;
  const folder = mkdtempSync(path.join(tmpdir(), 'hookring-names-'));
  const file = path.join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${started.address}\n`);
  const enter = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  return {
    nodes: [{ role: 'all', prefix: ['unshare', '--mount', 'sh', '-c', enter, file] }],
    environment: { HOOKRING_ALLOW_PRIVATE: `${RECEIVER}/32` },
    remove: async () => {
      await started.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each delivery looks its name up again as soon as what was found is forgotten. */
const closing: Misbehaviour = ({ response, take }) => {
  take();
  response.setHeader('connection', 'close');
  response.writeHead(204).end();
};

export const DNS: Fault = {
  name: 'dns',
  breaks: `names of ${LIES.length} receivers resolve to closed addresses (IPv4, IPv6, mapped), to those and the right one, to one or the other by turns, to nothing, to a failure, or not at all, for ${LYING_MS / 1_000} s`,
  stores: ['sqlite', 'postgres'],
  cannot: cannotGiveResolvers,
  stage: staged,
  duplicatesMax: GIVEN_UP,
  run: async (scene) => {
    const traps: Server[] = [];
    let trapped = 0;
    for (const lie of LIES) {
      const account = await scene.addCustomer(['fault.one'], { host: `${lie}.faults.test`, address: RECEIVER });
      account.customer.misbehave(closing);
      for (const host of [TRAP, '::1']) traps.push(await trapAt(host, account.customer.port, () => (trapped += 1)));
    }
    await scene.hold(1_500);
    scene.strike();
    names?.lie(true);
    await scene.hold(LYING_MS);
    names?.lie(false);
    scene.heal();
    const others = scene.latencyMs(0.99, ({ customer }) => !customer.url.includes('.faults.test'));
    scene.notes.push(`others p99 ${Math.round(others)} ms`, `${names?.lies ?? 0} lies told`);
    if ((names?.lies ?? 0) === 0) scene.violations.push('no name was looked up');
    scene.onCounting(() => {
      if (trapped > 0) scene.violations.push(`${trapped} connections to a closed address`);
      for (const trap of traps) trap.close();
    });
  },
};

async function trapAt(host: string, port: number, onConnection: () => void): Promise<Server> {
  const server = createServer((socket) => {
    onConnection();
    socket.destroy();
  });
  await new Promise<AddressInfo | string | null>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address()));
  });
  return server;
}
