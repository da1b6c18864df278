import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkEndpointUrl } from '../domain/endpoint-url.ts';
import { createAddressPolicy } from './address-policy.ts';
import { createDeliveryClient } from './delivery-client.ts';
import type { ResolvedAddress } from './guarded-lookup.ts';
import type { Sender, SendResult } from './sender.ts';

/** Accepts by URL rule, but resolves to loopback: only the check at the connection can stop it. */
const PASSES_THE_RULE = null;

// PORT is the port of a server that listens on every loopback address, and must never hear of any of these.
const CASES: readonly (readonly [string, string | null])[] = [
  // Loopback, in every writing that the URL standard knows.
  ['http://127.0.0.1:PORT/', 'url_ip_literal'],
  ['http://127.0.0.1.:PORT/', 'url_ip_literal'],
  ['http://127.1:PORT/', 'url_ip_literal'],
  ['http://127.0.1:PORT/', 'url_ip_literal'],
  ['http://127.255.255.254:PORT/', 'url_ip_literal'],
  ['http://2130706433:PORT/', 'url_ip_literal'],
  ['http://0x7f000001:PORT/', 'url_ip_literal'],
  ['http://0x7f.1:PORT/', 'url_ip_literal'],
  ['http://0X7F.0.0.0x1:PORT/', 'url_ip_literal'],
  ['http://017700000001:PORT/', 'url_ip_literal'],
  ['http://0177.0.0.01:PORT/', 'url_ip_literal'],
  ['http://0177.1:PORT/', 'url_ip_literal'],
  ['http://%31%32%37.0.0.1:PORT/', 'url_ip_literal'],
  ['http://127%2e0%2e0%2e1:PORT/', 'url_ip_literal'],
  ['http://127\u30020\u30020\u30021:PORT/', 'url_ip_literal'],
  ['http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:PORT/', 'url_ip_literal'],
  ['http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:PORT/', 'url_ip_literal'],
  ['http://127.0.0.1:PORT/', 'url_ip_literal'],
  ['http://0:PORT/', 'url_ip_literal'],
  ['http://0.0.0.0:PORT/', 'url_ip_literal'],
  ['http://[::]:PORT/', 'url_ip_literal'],
  ['http://[::1]:PORT/', 'url_ip_literal'],
  ['http://[0:0:0:0:0:0:0:1]:PORT/', 'url_ip_literal'],
  ['http://[0000::0001]:PORT/', 'url_ip_literal'],
  // IPv4 inside IPv6.
  ['http://[::ffff:127.0.0.1]:PORT/', 'url_ip_literal'],
  ['http://[::ffff:7f00:1]:PORT/', 'url_ip_literal'],
  ['http://[0:0:0:0:0:FFFF:7F00:0001]:PORT/', 'url_ip_literal'],
  ['http://[::127.0.0.1]:PORT/', 'url_ip_literal'],
  ['http://[::ffff:0:127.0.0.1]:PORT/', 'url_ip_literal'],
  ['http://[64:ff9b::127.0.0.1]:PORT/', 'url_ip_literal'],
  ['http://[64:ff9b:1::7f00:1]:PORT/', 'url_ip_literal'],
  ['http://[2002:7f00:1::]:PORT/', 'url_ip_literal'],
  ['http://[2001:0:7f00:1::]:PORT/', 'url_ip_literal'],
  ['http://[2600::5efe:127.0.0.1]:PORT/', 'url_ip_literal'],
  // Other closed ranges.
  ['http://10.0.0.1/', 'url_ip_literal'],
  ['http://172.16.0.1/', 'url_ip_literal'],
  ['http://192.168.0.1/', 'url_ip_literal'],
  ['http://100.64.0.1/', 'url_ip_literal'],
  ['http://169.254.169.254/latest/meta-data/', 'url_ip_literal'],
  ['http://2852039166/', 'url_ip_literal'],
  ['http://169.254.170.2/', 'url_ip_literal'],
  ['http://168.63.129.16/', 'url_ip_literal'],
  ['http://100.100.100.200/', 'url_ip_literal'],
  ['http://192.0.0.192/', 'url_ip_literal'],
  ['http://192.0.2.1/', 'url_ip_literal'],
  ['http://198.18.0.1/', 'url_ip_literal'],
  ['http://198.51.100.1/', 'url_ip_literal'],
  ['http://203.0.113.1/', 'url_ip_literal'],
  ['http://192.88.99.1/', 'url_ip_literal'],
  ['http://224.0.0.1/', 'url_ip_literal'],
  ['http://240.0.0.1/', 'url_ip_literal'],
  ['http://255.255.255.255/', 'url_ip_literal'],
  ['http://[fd00:ec2::254]/', 'url_ip_literal'],
  ['http://[fc00::1]/', 'url_ip_literal'],
  ['http://[fe80::1]/', 'url_ip_literal'],
  ['http://[fec0::1]/', 'url_ip_literal'],
  ['http://[ff02::1]/', 'url_ip_literal'],
  ['http://[100::1]/', 'url_ip_literal'],
  ['http://[2001:db8::1]/', 'url_ip_literal'],
  ['http://[3fff::1]/', 'url_ip_literal'],
  ['http://[5f00::1]/', 'url_ip_literal'],
  // Names, all of which resolve to loopback here.
  ['http://localhost:PORT/', PASSES_THE_RULE],
  ['http://LOCALHOST.:PORT/', PASSES_THE_RULE],
  ['http://127.0.0.1.rebind.example:PORT/', PASSES_THE_RULE],
  ['http://harmless.example:PORT/', PASSES_THE_RULE],
  ['http://\u24d7armless.example:PORT/', PASSES_THE_RULE],
  ['http://foo.localhost:PORT/', 'url_host'],
  ['http://metadata.google.internal:PORT/', 'url_host'],
  ['http://metadata.google.internal.:PORT/', 'url_host'],
  ['http://METADATA.goog:PORT/', 'url_host'],
  ['http://metadata:PORT/', 'url_host'],
  ['http://instance-data:PORT/', 'url_host'],
  ['http://kubernetes.default.svc.cluster.local:PORT/', 'url_host'],
  ['http://router.home.arpa:PORT/', 'url_host'],
  // Tricks with the authority.
  ['http://good.example@127.0.0.1:PORT/', 'url_credentials'],
  ['http://good.example:pw@127.0.0.1:PORT/', 'url_credentials'],
  ['http://127.0.0.1:PORT\\@good.example/', 'url_invalid'],
  ['http://127.0.0.1:PORT#@good.example/', 'url_fragment'],
  ['http:127.0.0.1:PORT/', 'url_invalid'],
  ['http:////127.0.0.1:PORT/', 'url_invalid'],
  ['\thttp://127.0.0.1:PORT/', 'url_invalid'],
  ['http://127.0.0.1:22/', 'url_port'],
];

let hits = 0;
const server = http.createServer((_request, response) => {
  hits += 1;
  response.end('secret of a private service');
});
server.on('connection', () => {
  hits += 1;
});
let port = 0;
let client: Sender;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  port = (server.address() as AddressInfo).port;
  client = build(() => [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
});

afterAll(async () => {
  await client.destroy();
  server.close();
});

function build(
  answer: (hostname: string) => readonly ResolvedAddress[],
  allowPrivate: string[] = [],
  monotonic?: () => number,
): Sender {
  const checked = createAddressPolicy({ allowPrivate });
  if (!checked.ok) throw new Error(checked.detail);
  return createDeliveryClient({ policy: checked.policy, monotonic, resolve: async (hostname) => answer(hostname) });
}

function post(sender: Sender, url: string): Promise<SendResult> {
  const body = Buffer.from('{}');
  return sender.send({ url: new URL(url), headers: [], body, deadlineMs: 5_000, capture: 'always' });
}

describe('a private address', () => {
  it('is a table of at least 60 ways to say it', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60);
  });

  it.each(CASES)('%s never hears from us', async (template, refusal) => {
    const text = template.replace('PORT', String(port));
    const closed = { isEmpty: true, matches: () => false };
    const check = checkEndpointUrl(text, { allowHttp: true, allowPrivate: closed });
    expect(check.ok ? null : check.code).toBe(refusal);
    // Whatever the rule said, the connection is refused too.
    const before = hits;
    const result = await post(client, text);
    expect(result).toMatchObject({ kind: 'failure', failure: 'blocked_address' });
    expect(JSON.stringify(result)).not.toMatch(/127\.|::1|10\.0/);
    expect(hits).toBe(before);
  });

  it('is refused when the second answer of a name is private', async () => {
    const answers: ResolvedAddress[] = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    let later = 0;
    const rebinding = build(
      () => answers.splice(0, 1),
      ['::1/128'],
      () => performance.now() + later,
    );
    const url = `http://rebind.example:${port}/`;
    server.prependOnceListener('request', (_request, response: http.ServerResponse) =>
      response.setHeader('connection', 'close'),
    );
    expect(await post(rebinding, url)).toMatchObject({ kind: 'response' });
    // The cached answer and the connection are gone; the name is asked for again.
    later = 60_000;
    const before = hits;
    expect(await post(rebinding, url)).toMatchObject({ failure: 'blocked_address' });
    expect([hits, answers]).toEqual([before, []]);
    await rebinding.destroy();
  });

  it('is left out of a mixed answer, so that only the allowed address is connected to', async () => {
    // The server listens on both; only ::1 is opened.
    const mixed = build(
      () => [
        { address: '127.0.0.1', family: 4 },
        { address: '::ffff:127.0.0.1', family: 6 },
        { address: '::1', family: 6 },
      ],
      ['::1/128'],
    );
    const peers: (string | undefined)[] = [];
    const note = (request: http.IncomingMessage): void => {
      peers.push(request.socket.remoteAddress);
    };
    server.on('request', note);
    expect(await post(mixed, `http://mixed.example:${port}/`)).toMatchObject({ kind: 'response', status: 200 });
    server.off('request', note);
    expect(peers).toEqual(['::1']);
    await mixed.destroy();
  });

  it('is not reached by a redirect', async () => {
    const before = hits;
    const redirecting = http.createServer((_request, response) => {
      response.writeHead(307, { location: `http://[::1]:${port}/` }).end();
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    const open = build(() => [], ['127.0.0.0/8']);
    const result = await post(open, `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/`);
    expect(result).toMatchObject({ kind: 'response', status: 307 });
    await open.destroy();
    redirecting.close();
    expect(hits).toBe(before);
  });

  it('is refused after connecting if the socket ended up there all the same', async () => {
    // A policy that changes its mind between the lookup and the connection stands in for a hole in the first check.
    let asked = 0;
    const policy = {
      allows: () => {
        asked += 1;
        return asked === 1;
      },
      opened: { isEmpty: true, matches: () => false },
    };
    let requests = 0;
    const note = (): void => {
      requests += 1;
    };
    server.on('request', note);
    const fooled = createDeliveryClient({ policy, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
    expect(await post(fooled, `http://hole.example:${port}/`)).toMatchObject({ failure: 'blocked_address' });
    server.off('request', note);
    expect([asked, requests]).toEqual([2, 0]);
    await fooled.destroy();
  });
});
