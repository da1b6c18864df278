import { describe, expect, it } from 'vitest';
import { createKey } from '../../testing/native-steps.ts';
import { type PrintedRequest, printedCurl } from '../../testing/printed-curl.ts';
import { expectPage, expectProblem, ROTATE_CURL } from './page.ts';
import { create, type SignupWorld } from './signup-world.ts';

const HOST = 'https://example.com';
const PRINTED_ID = '497f6eca-6276-4993-bfeb-53cbbbba6f08';

export function pageCases(world: SignupWorld): void {
  /** The request as printed, with a real id in the place of the page's. */
  function printed(id: string): PrintedRequest {
    return printedCurl(ROTATE_CURL, { host: HOST, ids: { [PRINTED_ID]: id }, token: world.running.bootstrapKey });
  }

  describe('the page about rotation', () => {
    it('prints a request that answers as it says', async () => {
      const { id, secret } = await create(world, { description: 'string' });
      const { method, path, ask } = printed(id);
      const answer = await world.ask(method, path, ask);
      expectPage(answer, 200, 'endpointWithSecret');
      expect(answer.json.endpoint.id).toBe(id);
      expect(answer.json.signingSecret).not.toBe(secret);
    });

    it('prints one that works over a socket, with no body and no content type', async () => {
      const { id } = await create(world);
      const { method, path } = printed(id.toUpperCase());
      const response = await fetch(`${await world.listening}${world.running.prefixOf({ name: 'signup' })}${path}`, {
        method,
        headers: { authorization: `Bearer ${world.running.bootstrapKey}` },
      });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(await response.json()).toMatchObject({
        endpoint: { id },
        signingSecret: expect.stringMatching(/^whsec_/),
      });
    });

    it('names problems, and each looks as it says', async () => {
      const { id } = await create(world);
      const { method, path } = printed(id);
      const missing = await world.ask(method, path, { token: null });
      expectProblem(missing, 401, 'unauthorized', 'missing_credentials');
      expect(missing.headers['www-authenticate']).toBe('Bearer');
      expectProblem(await world.ask(method, path, { token: 'sgn_live_x' }), 401, 'unauthorized', 'invalid_credentials');
      const { token } = await createKey(world.running, { scopes: ['endpoints:write'], dialect: 'signup' });
      expectProblem(await world.ask(method, path, { token }), 403, 'forbidden', 'missing_scope');
      const absent = await world.ask(method, printed(PRINTED_ID).path);
      expectProblem(absent, 404, 'not-found', 'not_found');
      expect(absent.json).toMatchObject({ title: 'Not found', errors: [], cause: {} });
      expectProblem(await world.ask(method, `${path}?force=true`), 422, 'validation-failed', 'validation_failed');
    });
  });
}
