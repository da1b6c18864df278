import { describe, expect, it } from 'vitest';
import { createAddressPolicy } from './address-policy.ts';
import { GuardedLookup, type GuardedLookupOptions, type ResolvedAddress } from './guarded-lookup.ts';

const checked = createAddressPolicy({ allowPrivate: [] });
if (!checked.ok) throw new Error(checked.detail);
const { policy } = checked;

type Call = { readonly hostname: string; answer(...addresses: string[]): void; fail(): void };
type Outcome = { readonly code: string | null; readonly addresses: readonly string[] };

function build(options: Partial<GuardedLookupOptions> = {}) {
  const calls: Call[] = [];
  const clock = { now: 0 };
  const resolve = (hostname: string): Promise<readonly ResolvedAddress[]> =>
    new Promise((settle, reject) => {
      const answer = (...addresses: string[]): void =>
        settle(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
      calls.push({ hostname, answer, fail: () => reject(new Error('SERVFAIL from 10.0.0.53')) });
    });
  const guarded = new GuardedLookup({ policy, monotonic: () => clock.now, resolve, ...options });
  const find = (hostname: string, family?: number): Promise<Outcome> =>
    new Promise((settle) => {
      guarded.lookup(hostname, { all: true, ...(family === undefined ? {} : { family }) }, (error, found) => {
        const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [];
        settle({ code: error === null ? null : (error as unknown as { failure: string }).failure, addresses });
      });
    });
  return { calls, clock, find, guarded, hosts: () => calls.map(({ hostname }) => hostname) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('GuardedLookup', () => {
  it('passes on exactly the allowed ones of several addresses', async () => {
    const { calls, find } = build();
    const found = find('mixed.example');
    calls[0]!.answer('10.0.0.1', '8.8.8.8', '::ffff:127.0.0.1', '2606:4700::1', 'fe80::1%eth0');
    expect(await found).toEqual({ code: null, addresses: ['8.8.8.8', '2606:4700::1'] });
  });

  it('answers blocked_address if none is allowed, and dns if there is none or the resolver fails', async () => {
    const { calls, find } = build();
    const outcomes = [find('private.example'), find('empty.example')];
    calls[0]!.answer('127.0.0.1', '169.254.169.254');
    calls[1]!.answer();
    outcomes.push(find('broken.example'));
    await turn();
    calls[2]!.fail();
    expect((await Promise.all(outcomes)).map(({ code }) => code)).toEqual(['blocked_address', 'dns', 'dns']);
  });

  it('asks once for lookups at the same time and again only after the cache has aged', async () => {
    const { calls, clock, find } = build({ cacheMs: 5_000 });
    const both = Promise.all([find('one.example'), find('one.example')]);
    calls[0]!.answer('8.8.8.8');
    await both;
    expect(await find('one.example')).toEqual({ code: null, addresses: ['8.8.8.8'] });
    expect(calls.length).toBe(1);
    clock.now = 5_001;
    const rebound = find('one.example');
    expect(calls.length).toBe(2);
    calls[1]!.answer('127.0.0.1');
    expect(await rebound).toMatchObject({ code: 'blocked_address' });
  });

  it('does not keep a refusal', async () => {
    const { calls, find } = build();
    const first = find('moving.example');
    calls[0]!.answer('10.0.0.1');
    await first;
    const second = find('moving.example');
    calls[1]!.answer('8.8.8.8');
    expect(await second).toMatchObject({ code: null });
  });

  it('gives the first address to a caller that wants one, and respects the family', async () => {
    const { calls, find, guarded } = build();
    const found = find('both.example', 6);
    calls[0]!.answer('8.8.8.8', '2606:4700::1');
    expect((await found).addresses).toEqual(['2606:4700::1']);
    expect((await find('both.example', 4)).addresses).toEqual(['8.8.8.8']);
    const single = await new Promise((settle) => {
      guarded.lookup('both.example', {}, (_error, address, family) => settle([address, family]));
    });
    expect(single).toEqual(['8.8.8.8', 4]);
  });

  it('runs a bounded number of resolutions and keeps a slot for hosts that resolved before', async () => {
    const { calls, clock, find, hosts } = build({ lookupsMax: 3, cacheMs: 1 });
    const proven = find('proven.example');
    calls[0]!.answer('8.8.8.8');
    await proven;
    clock.now = 10;
    for (const name of ['hung-1.example', 'hung-2.example', 'hung-3.example']) void find(name);
    await turn();
    expect(hosts()).toEqual(['proven.example', 'hung-1.example', 'hung-2.example']);
    const again = find('proven.example');
    expect(hosts().at(-1)).toBe('proven.example');
    calls.at(-1)!.answer('8.8.8.8');
    expect(await again).toMatchObject({ code: null });
    expect(hosts()).not.toContain('hung-3.example');
    calls[1]!.fail();
    await turn();
    expect(hosts().at(-1)).toBe('hung-3.example');
  });

  it('takes the slot from a host that stops resolving', async () => {
    const { calls, clock, find, hosts } = build({ lookupsMax: 2, cacheMs: 1 });
    const proven = find('fickle.example');
    calls[0]!.answer('8.8.8.8');
    await proven;
    clock.now = 10;
    const failing = find('fickle.example');
    calls[1]!.fail();
    expect(await failing).toMatchObject({ code: 'dns' });
    void find('hung.example');
    void find('fickle.example');
    await turn();
    expect(hosts().at(-1)).toBe('hung.example');
  });

  it('tells waiters when time is up, frees the name at once and the slot when the resolver lets go', async () => {
    const { calls, find, hosts } = build({ lookupsMax: 1, lookupMsMax: 30 });
    const outcomes = [find('hung.example'), find('hung.example'), find('queued.example')];
    expect((await Promise.all(outcomes)).map(({ code }) => code)).toEqual(['dns', 'dns', 'dns']);
    void find('next.example');
    await turn();
    expect(hosts()).toEqual(['hung.example']);
    calls[0]!.answer('8.8.8.8');
    await turn();
    expect(hosts()).toEqual(['hung.example', 'next.example']);
  });

  it('knows localhost without asking anyone, and refuses it while loopback is closed', async () => {
    const { find } = build({ resolve: undefined });
    expect(await find('localhost')).toEqual({ code: 'blocked_address', addresses: [] });
    const open = createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] });
    if (!open.ok) throw new Error(open.detail);
    expect(await build({ resolve: undefined, policy: open.policy }).find('localhost')).toEqual({
      code: null,
      addresses: ['127.0.0.1'],
    });
  });
});
