import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Json } from '../../testing/checked-client.ts';
import { createKey, createOrganization, revokeKey } from '../../testing/native-steps.ts';
import { createEndpoint, type DinieWorld, nativeEndpoint } from './dinie-world.ts';
import { expectProblem } from './page.ts';

import { mine, PLACE, ROWS, type Scene } from './refusal-rows.ts';

export function refusalCases(world: DinieWorld): void {
  describe('a refusal', () => {
    let scene: Scene;

    async function state(): Promise<Json> {
      const { json: list } = await world.ask('GET', `${PLACE}?limit=100`);
      const { id } = await nativeEndpoint(world, scene.mine.url);
      const { json: secrets } = await world.native('GET', `/endpoints/${id}/secrets`);
      return { list, secrets: secrets.items.map((one: Json) => one.id) };
    }

    beforeAll(async () => {
      scene = await makeScene(world);
    });

    for (const [name, method, path, ask, status, code, ...params] of ROWS) {
      it(`of ${name}`, async () => {
        const before = await state();
        const answer = await world.ask(
          method,
          typeof path === 'string' ? path : path(scene),
          typeof ask === 'function' ? ask(scene) : ask,
        );
        expectRefused(answer, status, code, params);
        expect(await state()).toEqual(before);
      });
    }

    it('of more header bytes than are read, over a socket', async () => {
      const base = await world.running.listen();
      const answer = await overSocket(`${base}/dinie${PLACE}`, { 'x-much': 'x'.repeat(60_000) });
      expect(answer.status).toBe(431);
    });

    it('has the type, the title and the codes that Dinie publishes', async () => {
      const { json, headers } = await world.ask('PATCH', mine(scene), { json: { url: 1, unknown: 2 } });
      expect(json).toEqual({
        type: 'https://docs.dinie.com/errors/validation-failed',
        title: 'Validation failed',
        status: 422,
        detail: '"unknown" is not known here (and 1 more)',
        instance: `urn:request:${String(headers['x-request-id'])}`,
        code: 'validation_failed',
        param: 'unknown',
        errors: [
          { param: 'unknown', detail: 'is not known here', code: 'unknown_field' },
          { param: 'url', detail: 'must be a string', code: 'wrong_type' },
        ],
      });
      const missing = await world.ask('POST', PLACE, { json: {} });
      expect(missing.json.errors).toEqual([{ param: 'url', detail: 'is required', code: 'missing_required_field' }]);
      const malformed = await world.ask('GET', `${PLACE}?starting_after=x`);
      expect(malformed.json.errors[0].code).toBe('invalid_format');
    });
  });
}

async function makeScene(world: DinieWorld): Promise<Scene> {
  const { running } = world;
  const mineNow = await createEndpoint(world);
  const deleted = await createEndpoint(world);
  await world.ask('DELETE', `${PLACE}/${deleted.id}`);
  await createOrganization(running, 'neighbour');
  const all = ['endpoints:read', 'endpoints:write', 'secrets:rotate'];
  const key = async (scopes: readonly string[], more: object = {}): Promise<{ id: string; token: string }> =>
    await createKey(running, { scopes, dialect: 'dinie', ...more });
  const foreign = await key(all, { organization: 'neighbour' });
  const { json: theirs } = await world.ask('POST', PLACE, {
    json: { url: running.receiver.url },
    token: foreign.token,
  });
  const soon = new Date(running.clock.now() + 60_000).toISOString();
  const expired = await key(all, { expiresAt: soon });
  const revoked = await key(all);
  await revokeKey(running, revoked.id);
  const reader = await key(['endpoints:read']);
  const writer = await key(all);
  running.advance(61_000);
  return {
    mine: mineNow,
    foreignId: theirs.id,
    deletedId: deleted.id,
    tokens: {
      reader: reader.token,
      writer: writer.token,
      expired: expired.token,
      revoked: revoked.token,
      foreign: foreign.token,
    },
  };
}

function expectRefused(answer: Answer, status: number, code: string, params: readonly string[]): void {
  expectProblem(answer, status);
  expect([answer.json.code, (answer.json.errors ?? []).map(({ param }: Json) => param)]).toEqual([code, params]);
  expect(answer.json.param).toBe(params[0]);
}

async function overSocket(url: string, headers: Record<string, string>): Promise<{ status: number }> {
  return await new Promise((resolve, reject) => {
    const sent = httpRequest(url, { headers }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0 }));
    });
    sent.on('error', reject);
    sent.end();
  });
}
