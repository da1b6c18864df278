/** Whom the rate limit counts as one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeDialect } from './testing/acme.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

const REQUESTS = 3;
const acme = acmeDialect({
  securitySchemes: { name: { type: 'apiKey', in: 'header', name: 'X-Org' } },
  authenticate: [
    ({ headers }) => ({
      ok: true,
      organization: String(headers['x-org']),
      scopes: headers['x-operator'] === undefined ? ['hooks:read'] : ['hooks:read', 'operator'],
      subject: headers['x-operator'] === undefined ? 'admin' : 'root',
    }),
  ],
});

let running: RunningDialects;
beforeAll(async () => {
  running = await runDialects([acme], { rateLimit: { requests: REQUESTS, windowSeconds: 3_600 } });
  for (const name of ['a', 'b']) {
    const made = await running.http.inject({
      method: 'POST',
      url: '/v1/organizations',
      headers: { authorization: `Bearer ${running.bootstrapKey}` },
      payload: { name, externalId: name },
    });
    expect(made.statusCode).toBe(201);
  }
});
afterAll(async () => await running.stop());

async function statuses(headers: Readonly<Record<string, string>>, count: number): Promise<readonly number[]> {
  const answers: number[] = [];
  for (let asked = 0; asked < count; asked += 1) {
    answers.push((await running.http.inject({ url: '/acme/hooks', headers })).statusCode);
  }
  return answers;
}

describe('the rate limit', () => {
  it('takes nothing from one organization for what the other asks under the same name', async () => {
    expect(await statuses({ 'x-org': 'a' }, REQUESTS + 1)).toEqual([200, 200, 200, 429]);
    expect(await statuses({ 'x-org': 'b' }, REQUESTS + 1)).toEqual([200, 200, 200, 429]);
  });

  it('counts an operator once, for whichever organization it acts', async () => {
    const acting = { 'x-org': 'a', 'x-operator': 'yes' };
    expect(await statuses({ ...acting, 'hookring-organization': 'a' }, 2)).toEqual([200, 200]);
    expect(await statuses({ ...acting, 'hookring-organization': 'b' }, 2)).toEqual([200, 429]);
  });
});
