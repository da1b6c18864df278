import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referencePage } from '../http/reference-page.ts';
import { exampleFaults, exampleGaps, operationFaults, referenceFaults } from '../http/testing/document-faults.ts';
import { pageFaults } from '../http/testing/page-faults.ts';
import { BUILT_IN_DIALECTS } from './built-in.ts';
import { defineDialect } from './define-dialect.ts';
import { dialectDocument } from './document-routes.ts';
import { arrangeDialects, type MountedDialect } from './mounts.ts';
import { nativeDialect } from './native/native.ts';
import { acmeDialect } from './testing/acme.ts';
import { type RunningDialects, runDialects } from './testing/running-dialects.ts';

const OPTIONS = { serverUrl: 'https://hooks.example', documentUrl: 'openapi.json' };

function arrangement(): readonly MountedDialect[] {
  const arranged = arrangeDialects(BUILT_IN_DIALECTS, null);
  if (!arranged.ok) throw new Error(arranged.problem);
  const { mounted, nativePrefix } = arranged.value;
  return [{ dialect: nativeDialect(mounted), prefix: nativePrefix, host: null }, ...mounted];
}

const PLACES = arrangement();

describe.each(PLACES.map((place) => [place.dialect.name, place] as const))('the documents of %s', (_name, place) => {
  const document = dialectDocument(place);

  it('are OpenAPI 3.1, and the examples keep their schemas', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect([valid, errors]).toEqual([true, undefined]);
    expect([...referenceFaults(document), ...operationFaults(document), ...exampleFaults(document)]).toEqual([]);
  });

  it('make a right page for people', () => {
    expect(pageFaults(referencePage(document, OPTIONS), OPTIONS.documentUrl)).toEqual([]);
  });
});

// The native document has a place and a test of its own.
const PRODUCTS = PLACES.filter(({ dialect }) => dialect.name !== 'native');

describe.each(PRODUCTS.map((place) => [place.dialect.name, place] as const))('the document of %s', (name, place) => {
  const document = dialectDocument(place);

  it('has an example for everything', () => {
    expect(exampleGaps(document)).toEqual([]);
  });

  it('is the one that is committed; `vitest -u` writes it anew', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(`../../openapi/${name}.json`);
  });
});

describe('the documents of a running server', () => {
  let running: RunningDialects;
  const atHost = defineDialect({ ...acmeDialect(), mount: { host: 'hooks.acme.example' } });
  beforeAll(async () => {
    running = await runDialects([...BUILT_IN_DIALECTS, atHost]);
  });
  afterAll(async () => {
    await running.stop();
  });

  it.each(PLACES.map(({ prefix }) => prefix))('need no key below %s', async (prefix) => {
    const document = await running.http.inject({ url: `${prefix}/openapi.json` });
    expect([document.statusCode, document.json().openapi]).toEqual([200, '3.1.0']);
    const page = await running.http.inject({ url: `${prefix}/docs`, headers: { host: 'localhost:8484' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.body).toContain(`http://localhost:8484${prefix}/`);
    expect(page.body).not.toContain('hookring.invalid');
  });

  it('show the address that their reader has, on a network of one\u2019s own too', async () => {
    const page = await running.http.inject({ url: '/moonborn/docs', headers: { host: '192.168.1.5:8484' } });
    expect(page.body).toContain('http://192.168.1.5:8484/moonborn/');
    expect(page.body).not.toContain('https://192.168.1.5');
  });

  it.each(['"><script>', 'a b', 'x'.repeat(300), ''])('never show a Host header like %j', async (host) => {
    const page = await running.http.inject({ url: '/moonborn/docs', headers: { host } });
    expect(page.statusCode).toBeLessThan(500);
    expect(page.body).not.toContain('"><script>');
    expect(page.body).not.toContain('x'.repeat(300));
  });

  it('stand at the host of a dialect, without its prefix', async () => {
    const headers = { host: 'hooks.acme.example' };
    const document = (await running.http.inject({ url: '/openapi.json', headers })).json();
    expect(document.servers).toEqual([{ url: 'https://hooks.acme.example' }]);
    expect(Object.keys(document.paths)).toContain('/hooks');
    const page = await running.http.inject({ url: '/docs', headers });
    expect(page.body).toContain('http://hooks.acme.example/hooks');
  });

  it('say how one may ask: with keys, JWTs or access tokens', async () => {
    const schemes = async (prefix: string): Promise<unknown> =>
      (await running.http.inject({ url: `${prefix}/openapi.json` })).json().components.securitySchemes;
    expect(await schemes('/moonborn')).toMatchObject({ key: { scheme: 'bearer' }, session: { bearerFormat: 'JWT' } });
    expect(await schemes('/dinie')).toMatchObject({
      token: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/dinie/auth/token' } } },
    });
  });
});
