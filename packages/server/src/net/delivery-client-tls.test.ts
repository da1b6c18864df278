import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeliveryClientOptions } from './delivery-client.ts';
import { build, listen, post } from './loopback.testing.ts';

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookring-tls-'));
  let identity: { key: Buffer; cert: Buffer };

  beforeAll(() => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver.example';
    const name = ['-addext', 'subjectAltName=DNS:receiver.example', '-keyout', key, '-out', cert];
    execFileSync('openssl', request.split(' ').concat(name), { stdio: 'ignore' });
    identity = { key: readFileSync(key), cert: readFileSync(cert) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const resolve: NonNullable<DeliveryClientOptions['resolve']> = async () => [{ address: '127.0.0.1', family: 4 }];

  async function listenTls(options: tls.TlsOptions = {}): Promise<{ port: number; names: unknown[] }> {
    const names: unknown[] = [];
    const server = tls.createServer({ ...identity, ...options }, (socket) => {
      names.push(socket.servername);
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('HTTP/1.1 204 X\r\n\r\n'));
    });
    return { port: await listen(server), names };
  }

  it('sends the name of the URL, also with another host header, and times the handshake', async () => {
    const { port, names } = await listenTls();
    const client = build({ resolve, tls: { ca: identity.cert.toString() } });
    const result = await post(client, `https://receiver.example:${port}/`, { headers: ['host', 'other.example'] });
    expect(result).toMatchObject({ status: 204, phases: { dnsMs: expect.any(Number), tlsMs: expect.any(Number) } });
    expect(names).toEqual(['receiver.example']);
  });

  it('refuses a certificate that is unknown, for another name, or an old protocol', async () => {
    const { port } = await listenTls();
    const trusting = { resolve, tls: { ca: [identity.cert.toString()] } };
    expect(await post(build({ resolve }), `https://receiver.example:${port}/`)).toMatchObject({
      failure: 'tls',
      detail: 'The TLS handshake failed (DEPTH_ZERO_SELF_SIGNED_CERT).',
    });
    expect(await post(build(trusting), `https://other.example:${port}/`)).toMatchObject({
      failure: 'tls',
      detail: 'The TLS handshake failed (ERR_TLS_CERT_ALTNAME_INVALID).',
    });
    const old = await listenTls({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await post(build(trusting), `https://receiver.example:${old.port}/`)).toMatchObject({ failure: 'tls' });
  });

  it('tells a receiver that speaks plain HTTP or hangs up during the handshake', async () => {
    const plain = await listen(http.createServer((_request, response) => response.end()));
    expect(await post(build({ resolve }), `https://receiver.example:${plain}/`)).toMatchObject({ failure: 'tls' });
    const hangsUp = await listen(net.createServer((socket) => socket.on('data', () => socket.end())));
    expect(await post(build({ resolve }), `https://receiver.example:${hangsUp}/`)).toMatchObject({ failure: 'tls' });
  });
});
