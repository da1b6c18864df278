import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { describe, expect, it } from 'vitest';
import { respond } from './behaviour.ts';
import { startReceiver } from './receiver.ts';

// A key for these tests alone: self-signed for localhost and 127.0.0.1.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBk7UYDwo9ojIkRML
fy9i9/9GvgM5T8WtWYln80qE0YqhRANCAARHtjgFqgTrrFrKoRNzFSGVOiMq6n3L
qm0I3HQpk9q6nTT9btEO2LLqvG6kne7jpgoXvsmX9mq/SSD/aRu5r8ho
-----END PRIVATE KEY-----
`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUJ1Y/QZwNsy3S2LaOeTyBhxiDqkAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEyMjQwMVoYDzIxMjYxMDI4
MTIyNDAxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARHtjgFqgTrrFrKoRNzFSGVOiMq6n3Lqm0I3HQpk9q6nTT9btEO2LLq
vG6kne7jpgoXvsmX9mq/SSD/aRu5r8hoo28wbTAdBgNVHQ4EFgQUBLQO0U0Gg9+P
aMn7aJQtktcGofcwHwYDVR0jBBgwFoAUBLQO0U0Gg9+PaMn7aJQtktcGofcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAPdSHwnf9WeqsNO4j2oS+y/U2OKFZ1JCkdA1QFg3KEeuAiEA
4tpO0oSW5oOxAxNFDuS2i8PLmGExcK1oWyFCkuwOS4I=
-----END CERTIFICATE-----
`;

describe('a receiver with a certificate', () => {
  it('speaks https and ends secured connections when it stops', async () => {
    const receiver = await startReceiver({
      tls: { key, cert },
      scripts: { '/hang': { kind: 'hang' } },
      otherwise: respond(202),
    });
    expect(receiver.url('/a')).toBe(`https://127.0.0.1:${receiver.port}/a`);
    const first = httpsRequest(receiver.url('/a'), { method: 'POST', ca: cert, agent: false }).end('x');
    const [response] = await once(first, 'response');
    expect(response.statusCode).toBe(202);
    response.resume();
    const second = httpsRequest(receiver.url('/hang'), { ca: cert, agent: false }).end();
    const failed = once(second, 'error');
    await receiver.waitFor(2);
    expect(receiver.requests().map((request) => request.connection)).toEqual([1, 2]);
    await receiver.stop();
    const [error] = await failed;
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});
