import { Agent, request } from 'node:http';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: Readonly<Record<string, unknown>>;
};

/** `no_answer`: the connection broke or nothing came in time, so nobody knows whether it was done. */
export type Called = Answer | 'no_answer';

export type Call = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

const ANSWER_MS_MAX = 20_000;
const CONNECTIONS_MAX = 64;

/** Calls one node as a customer's own program would: connections are kept, and an answer is waited for only so long. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  async call(origin: string, { method, path, body, headers = {} }: Call): Promise<Called> {
    const text = body === undefined ? '' : JSON.stringify(body);
    return await new Promise((resolve) => {
      const asked = request(`${origin}${path}`, {
        method,
        agent: this.#agent,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
        headers: {
          authorization: `Bearer ${this.#key}`,
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      });
      asked.on('error', () => resolve('no_answer'));
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve('no_answer'));
        response.on('end', () => {
          const json = parsed(Buffer.concat(chunks).toString('utf8'));
          // The head may have come before a cut that the body did not survive.
          if (!response.complete) resolve('no_answer');
          else resolve({ status: response.statusCode ?? 0, headers: response.headers, json });
        });
      });
      asked.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parsed(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json']; // The native API answers objects.
  } catch {
    return {};
  }
}
