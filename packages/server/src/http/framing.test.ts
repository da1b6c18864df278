import { describe, expect, it } from 'vitest';
import type { HttpServer } from './server.ts';
import { openPort, rawExchange } from './testing/raw-exchange.ts';
import { start } from './testing/two-faces.ts';

async function exchange(server: HttpServer, bytes: string): Promise<string> {
  return await rawExchange(await openPort(server), bytes);
}

function jsonOf(text: string): { code: string; face: string } {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
}

describe('broken framing, over a socket', () => {
  it('answers what is not HTTP in the words of the fallback and closes', async () => {
    const text = await exchange(start(), 'what is this\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(jsonOf(text)).toMatchObject({ face: 'one', code: 'invalid_request' });
  });

  it('refuses more header bytes than it reads', async () => {
    const text = await exchange(
      start(),
      `GET /one/things HTTP/1.1\r\nhost: a\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
    expect(jsonOf(text).code).toBe('request_headers_too_large');
  });

  it('refuses both a length and chunks, which two readers could frame in two ways', async () => {
    const text = await exchange(
      start(),
      'POST /one/things HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('stops reading a chunked body at its limit', async () => {
    const chunk = `50\r\n${'a'.repeat(80)}\r\n`;
    const head =
      'POST /one/things HTTP/1.1\r\nhost: a\r\nauthorization: Bearer all\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const text = await exchange(start(), `${head}${chunk}${chunk}`);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(jsonOf(text).code).toBe('payload_too_large');
  });
});
