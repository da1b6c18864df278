/** The few calls of the native API that the tour makes. */
export type Api = {
  createEndpoint(url: string): Promise<{ id: string; secret: string }>;
  /** `refused` when a window is open already. */
  rotate(endpointId: string, graceSeconds: number): Promise<{ secret: string; expiresAt: number } | 'refused'>;
  /** Resolves with the status of the accept. */
  send(events: readonly { readonly id: string; readonly type: string; readonly payload: unknown }[]): Promise<number>;
  owed(endpointId: string): Promise<number>;
};

type Json = Record<string, unknown>;

export function createApi(url: string, key: string): Api {
  async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Json }> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? {} : (JSON.parse(text) as Json) }; // The native API answers objects.
  }

  return {
    async createEndpoint(target) {
      const { status, json } = await call('POST', '/v1/endpoints', { url: target });
      if (status !== 201) throw new Error(`creating an endpoint answered ${status}: ${JSON.stringify(json)}`);
      const { endpoint, secret } = json as { endpoint: { id: string }; secret: { value: string } };
      return { id: endpoint.id, secret: secret.value };
    },
    async rotate(endpointId, graceSeconds) {
      const { status, json } = await call('POST', `/v1/endpoints/${endpointId}/rotate`, { graceSeconds });
      if (status === 409) return 'refused';
      if (status !== 200) throw new Error(`a rotation answered ${status}: ${JSON.stringify(json)}`);
      const { secret, retired } = json as { secret: { value: string }; retired: { expiresAt: string } };
      return { secret: secret.value, expiresAt: Date.parse(retired.expiresAt) };
    },
    async send(events) {
      const { status } = await call('POST', '/v1/events', { events });
      return status;
    },
    async owed(endpointId) {
      let owed = 0;
      for (const state of ['pending', 'in_flight', 'retrying', 'held']) {
        const { json } = await call('GET', `/v1/deliveries?endpointId=${endpointId}&status=${state}&limit=200`);
        owed += (json as { items: unknown[] }).items.length;
      }
      return owed;
    },
  };
}
