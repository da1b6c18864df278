/** A company's own dialect, in the configuration file of a server that knows nothing of it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf } from '../testbed/client.ts';
import { type ServerProcess, startServer } from '../testbed/server-process.ts';

const COMMAND = fileURLToPath(new URL('../packages/server/bin/hookring.mjs', import.meta.url));
const UNKNOWN_STATUS = 418;

/** What an operator writes; the dialect answers refusals with a body of its own. */
const CONFIG_FILE = `
import {
  createEndpoint,
  defineConfig,
  defineDialect,
  NATIVE_ROTATION_POLICY,
  nativeWebhooks,
  route,
  Type,
  typeIds,
} from 'hookring';

const acme = defineDialect({
  name: 'acme',
  title: 'Acme hooks',
  description: 'The hooks of Acme.',
  version: '7',
  tokenPrefix: 'acme_live_',
  scopeAliases: { 'hooks:manage': ['endpoints:read', 'endpoints:write'] },
  ids: { endpoint: typeIds('ep', 'hook'), delivery: typeIds('dlv') },
  problems: {
    contentType: 'application/json',
    schema: Type.Object({ oops: Type.String() }),
    statuses: { not_found: ${UNKNOWN_STATUS} },
    encode: ({ code }) => ({ oops: code }),
  },
  endpointDefaults: {
    signatureProfile: nativeWebhooks,
    envelope: null,
    retrySchedule: null,
    rotationPolicy: NATIVE_ROTATION_POLICY,
    catalogue: null,
    secretSpelling: 'whsec',
  },
  routes: [
    route({
      method: 'POST',
      path: '/hooks',
      operation: createEndpoint,
      operationId: 'createHook',
      summary: 'Create a hook',
      tag: 'hooks',
      request: { body: Type.Object({ target: Type.String() }) },
      status: 201,
      response: Type.Object({ hook: Type.String() }),
      decode: ({ body }) => ({ settings: { url: body.target } }),
      encode: ({ endpoint }) => ({ hook: typeIds('ep', 'hook').encode(endpoint.id) }),
    }),
  ],
});

export default defineConfig({ dialects: [acme] });
`;

let servers: ServerProcess[] = [];
afterEach(async () => {
  for (const server of servers) await server.remove();
  servers = [];
});

async function hookring(server: ServerProcess, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOOKRING_DATABASE_URL: `sqlite:${server.databasePath}` };
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...args], { cwd: server.folder, env });
  return stdout;
}

async function createHook(server: ServerProcess, place: string): Promise<string> {
  const created = await clientOf(server)('POST', `${place}/hooks`, { body: { target: 'https://example.com/x' } });
  expect([created.status, created.text]).toEqual([201, expect.stringMatching(/^\{"hook":"hook_\w{26}"\}$/)]);
  return `ep_${String(created.json['hook']).slice('hook_'.length)}`;
}

describe('a dialect of hookring.config.ts', () => {
  it('stands beside the native API on the same endpoints, or at the root, and commands know it', async () => {
    const server = await startServer({}, { configFile: CONFIG_FILE });
    servers.push(server);
    const id = await createHook(server, '/acme');
    expect((await clientOf(server)('GET', `/v1/endpoints/${id}`)).status).toBe(200);
    const unknown = await clientOf(server)('GET', '/acme/nothing');
    expect([unknown.status, unknown.json]).toEqual([UNKNOWN_STATUS, { oops: 'not_found' }]);
    expect(await hookring(server, 'dialects')).toMatch(/^acme +7 +\/acme +acme_live_… +hooks:manage /m);
    expect(await hookring(server, 'keys', 'create', '--dialect', 'acme', '--scope', 'hooks:manage')).toMatch(
      /^acme_live_\w+\n$/,
    );

    const moved = await server.restart({ HOOKRING_ROOT_DIALECT: 'acme' });
    servers.push(moved);
    await createHook(moved, '');
    expect((await clientOf(moved)('GET', `/hookring/v1/endpoints/${id}`)).status).toBe(200);
    expect((await clientOf(moved)('GET', `/v1/endpoints/${id}`)).json).toEqual({ oops: 'not_found' });
    expect(await hookring(moved, 'endpoints', 'show', id)).toContain(id);
    const document = JSON.parse(await hookring(moved, 'openapi', '--dialect', 'acme')) as { paths: object };
    expect(Object.keys(document.paths)).toEqual(['/hooks']);

    // While no server runs the commands build the same one themselves, with the dialect of the file.
    await moved.drain();
    const { items } = JSON.parse(await hookring(moved, 'dialects', '--json')) as {
      items: { name: string; docs: string }[];
    };
    expect(items.find(({ name }) => name === 'acme')?.docs).toBe('/acme/docs');
  });

  it('that is none stops the start with its place in the file', async () => {
    const configFile = 'export default { dialects: [{ name: "acme" }] };';
    await expect(startServer({}, { configFile })).rejects.toThrow(
      /dialects in hookring\.config\.ts has at \[0\] an object "acme" that is no dialect: wrap it in defineDialect/,
    );
  });
});
