import { Pool } from 'undici';
import { startServer } from '../testbed/server-process.ts';
import { MACHINE, median, rate } from './figures.ts';

/** How one API is asked for the same two things. The id is that of the native API. */
type Face = {
  readonly name: string;
  readonly read: (id: string) => string;
  readonly rotate: (id: string) => { readonly path: string; readonly body: string | null };
};

const CONNECTIONS = 32;
/** A rotation is answered 30 ms after it was decided: only many at once keep the server busy. */
const CONNECTIONS_ROTATING = 192;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** The UUID of a TypeID, for products that write it another way. */
function hexOf(id: string): string {
  let value = 0n;
  for (const character of id.slice(id.indexOf('_') + 1)) value = value * 32n + BigInt(ALPHABET.indexOf(character));
  return value.toString(16).padStart(32, '0');
}

function uuidOf(id: string): string {
  return hexOf(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const NATIVE: Face = {
  name: 'native',
  read: (id) => `/v1/endpoints/${id}`,
  rotate: (id) => ({ path: `/v1/endpoints/${id}/rotate`, body: '{"graceSeconds":3600}' }),
};

const PRODUCTS: readonly Face[] = [
  {
    name: 'moonborn',
    read: (id) => `/moonborn/v1/webhooks/whe${id.slice(2)}`,
    rotate: (id) => ({ path: `/moonborn/v1/webhooks/whe${id.slice(2)}/rotate_secret`, body: '{"graceSeconds":3600}' }),
  },
  {
    name: 'agentmessage',
    read: (id) => `/agentmessage/v1/webhooks/${uuidOf(id)}`,
    rotate: (id) => ({ path: `/agentmessage/v1/webhooks/${uuidOf(id)}/rotate-secret`, body: null }),
  },
  {
    name: 'signup',
    read: (id) => `/signup/webhooks/${uuidOf(id)}`,
    rotate: (id) => ({ path: `/signup/webhooks/${uuidOf(id)}/rotate`, body: null }),
  },
  {
    name: 'dinie',
    read: (id) => `/dinie/webhooks/endpoints/we_${hexOf(id)}`,
    rotate: (id) => ({
      path: `/dinie/webhooks/endpoints/we_${hexOf(id)}/secret/rotate`,
      body: '{"expire_current_in":3600}',
    }),
  },
];

type Request = { readonly method: 'GET' | 'POST'; readonly path: string; readonly body: string | null };
type Measured = { readonly native: number; readonly dialect: number };

/**
 * A read and a rotation through each dialect beside the same through the native API, alternating in one run on one
 * server. Every rotation is the first one of a ring, so that all rings are of one size.
 */
export async function benchDialects(options: {
  readonly requests: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<unknown> {
  const { requests, rounds, say } = options;
  const server = await startServer();
  const pool = new Pool(server.url, { connections: CONNECTIONS_ROTATING });
  const ask = async ({ method, path, body }: Request): Promise<string> => {
    const authorization = `Bearer ${server.key}`;
    const headers = body === null ? { authorization } : { authorization, 'content-type': 'application/json' };
    const response = await pool.request({ method, path, headers, body });
    const text = await response.body.text();
    if (response.statusCode >= 300) throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
    return text;
  };
  const run = async (all: readonly Request[], lanes: number = CONNECTIONS): Promise<number> => {
    const started = performance.now();
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let request = all[next++]; request !== undefined; request = all[next++]) await ask(request);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return all.length / ((performance.now() - started) / 1_000);
  };
  const fresh = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    const body = '{"url":"https://receiver.example.com/hook","eventTypes":["bench.none"]}';
    while (ids.length < count) {
      const many = Array.from({ length: Math.min(CONNECTIONS, count - ids.length) }, async () => {
        const text = await ask({ method: 'POST', path: '/v1/endpoints', body });
        return (JSON.parse(text) as { endpoint: { id: string } }).endpoint.id; // The contract's answer.
      });
      ids.push(...(await Promise.all(many)));
    }
    return ids;
  };

  say(`${MACHINE}\n${requests} requests a round, ${CONNECTIONS} connections\n`);
  const results: { dialect: string; read: number; rotate: number }[] = [];
  try {
    const [one = ''] = await fresh(1);
    const reads = (face: Face): Request[] =>
      Array.from({ length: requests }, () => ({ method: 'GET', path: face.read(one), body: null }));
    const rotations = (face: Face, ids: readonly string[]): Request[] =>
      ids.map((id) => ({ method: 'POST', ...face.rotate(id) }));
    const rotateCount = Math.ceil(requests / 2);
    for (const face of [NATIVE, ...PRODUCTS]) await run(reads(face));
    for (const face of PRODUCTS) {
      const read: Measured[] = [];
      const rotate: Measured[] = [];
      for (let round = 0; round < rounds; round += 1) {
        // Which one goes first alternates, so that a drift of the machine favours neither.
        const nativeFirst = round % 2 === 0;
        const pair = async (mine: readonly Request[], theirs: readonly Request[], lanes: number): Promise<Measured> => {
          const first = await run(nativeFirst ? mine : theirs, lanes);
          const second = await run(nativeFirst ? theirs : mine, lanes);
          return nativeFirst ? { native: first, dialect: second } : { native: second, dialect: first };
        };
        read.push(await pair(reads(NATIVE), reads(face), CONNECTIONS));
        const mine = rotations(NATIVE, await fresh(rotateCount));
        const theirs = rotations(face, await fresh(rotateCount));
        rotate.push(await pair(mine, theirs, CONNECTIONS_ROTATING));
      }
      results.push({ dialect: face.name, read: ratio(read), rotate: ratio(rotate) });
      say(`${face.name.padEnd(13)} read ${tell(read)}   rotate ${tell(rotate)}`);
    }
  } finally {
    await pool.close();
    await server.drain();
    await server.remove();
  }
  return { machine: MACHINE, requests, rounds, results };
}

/** Speed through the dialect as a share of the native one's; above 0.9 a dialect costs at most a tenth. */
function ratio(measured: readonly Measured[]): number {
  return median(measured.map(({ native, dialect }) => dialect / native));
}

function tell(measured: readonly Measured[]): string {
  const native = median(measured.map((one) => one.native));
  const dialect = median(measured.map((one) => one.dialect));
  return `${rate(dialect)} of native's ${rate(native)}, ratio ${ratio(measured).toFixed(2)}`;
}
