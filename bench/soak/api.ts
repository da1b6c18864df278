import { Pool } from 'undici';

export type Answer = { readonly status: number; readonly json: Record<string, unknown> };

/** Calls one of the nodes after the other, as a load balancer would. */
export class Api implements AsyncDisposable {
  readonly #pools: readonly Pool[];
  readonly #key: string;
  #next = 0;

  constructor(urls: readonly string[], key: string) {
    this.#pools = urls.map((url) => new Pool(url, { connections: 16 }));
    this.#key = key;
  }

  /** Status 0: no answer came, so nobody knows what was done. */
  async call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    key = this.#key,
  ): Promise<Answer> {
    this.#next = (this.#next + 1) % this.#pools.length;
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    try {
      const sent = body === undefined ? null : JSON.stringify(body);
      const response = await this.#pools[this.#next]?.request({ method, path, headers, body: sent });
      const text = (await response?.body.text()) ?? '';
      const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>); // The native API answers objects.
      return { status: response?.statusCode ?? 0, json };
    } catch {
      return { status: 0, json: {} };
    }
  }

  async createEndpoint(url: string, eventTypes: readonly string[]): Promise<{ id: string; secret: string }> {
    const { status, json } = await this.call('POST', '/v1/endpoints', { url, eventTypes });
    if (status !== 201) throw new Error(`creating an endpoint answered ${status}: ${JSON.stringify(json)}`);
    const { endpoint, secret } = json as { endpoint: { id: string }; secret: { value: string } };
    return { id: endpoint.id, secret: secret.value };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }
}
