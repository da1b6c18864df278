import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressPolicy, createAddressPolicy } from './address-policy.ts';

function policyOf(...allowPrivate: string[]): AddressPolicy {
  const result = createAddressPolicy({ allowPrivate });
  if (!result.ok) throw new Error(result.detail);
  return result.policy;
}

const closed = policyOf();

describe('createAddressPolicy', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '168.63.129.15',
    '168.63.129.17',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.1',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '::ffff:808:808',
  ])('lets the public address %s through', (address) => {
    expect(closed.allows(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '169.254.170.2',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.0.170',
    '192.0.2.1',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.168.0.1',
    '192.168.255.255',
    '192.175.48.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '100:0:0:1::1',
    '2001::1',
    '2001:0:4136:e378::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '2620:4f:8000::1',
    '3ffe::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fd12:3456::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    'ff02::1',
    '2600::5efe:7f00:1',
    '2600::200:5efe:10.0.0.1',
  ])('closes %s', (address) => {
    expect(closed.allows(address)).toBe(false);
  });

  it.each([
    '',
    'localhost',
    '127.1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '010.0.0.1',
    '8.8.8.8 ',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '[::1]',
  ])('does not take %j for an address', (text) => {
    expect(policyOf('0.0.0.0/0', '::/0').allows(text)).toBe(false);
  });

  it('opens a range and its IPv4-mapped form, and nothing beside it', () => {
    const policy = policyOf('10.1.0.0/16', 'fd00::/8');
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '8.8.8.8'].every((address) => policy.allows(address))).toBe(true);
    expect(
      ['10.2.0.0', '::ffff:10.2.0.0', '::10.1.2.3', 'fc00::1', '127.0.0.1'].some((address) => policy.allows(address)),
    ).toBe(false);
    expect(policy.opened.matches('10.1.2.3')).toBe(true);
    expect(policy.opened.matches('::ffff:a01:203')).toBe(true);
    expect(policy.opened.matches('8.8.8.8')).toBe(false);
    expect([policy.opened.isEmpty, closed.opened.isEmpty]).toEqual([false, true]);
  });

  it('takes an IPv4-mapped range as the IPv4 range', () => {
    expect(policyOf('::ffff:10.0.0.0/104').allows('10.9.9.9')).toBe(true);
  });

  it('opens a single address without a prefix', () => {
    const policy = policyOf('127.0.0.1', '::1');
    expect([policy.allows('127.0.0.1'), policy.allows('::1'), policy.allows('127.0.0.2')]).toEqual([true, true, false]);
  });

  it('opens a metadata address only by its own name', () => {
    const wide = policyOf('0.0.0.0/0', '169.254.0.0/16', '::/0');
    expect(
      ['169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '::ffff:169.254.169.254'].some((a) =>
        wide.allows(a),
      ),
    ).toBe(false);
    expect(wide.allows('169.254.1.1')).toBe(true);
    expect(policyOf('169.254.169.254/32').allows('169.254.169.254')).toBe(true);
    expect(policyOf('fd00:ec2::254').allows('fd00:ec2::254')).toBe(true);
  });

  it('opens NAT64 for the public addresses behind it only', () => {
    const policy = policyOf('64:ff9b::/96');
    expect(policy.allows('64:ff9b::8.8.8.8')).toBe(true);
    expect(policy.allows('64:ff9b::10.0.0.1')).toBe(false);
    expect(policyOf('64:ff9b::/96', '10.0.0.0/8').allows('64:ff9b::10.0.0.1')).toBe(true);
    expect(policyOf('64:ff9b::/96', '0.0.0.0/0').allows('64:ff9b::169.254.169.254')).toBe(false);
  });

  it.each([
    ['10.0.0.5/8', /did you mean 10\.0\.0\.0\/8\?/],
    ['fd00::1/8', /did you mean fd00::\/8\?/],
    ['10.0.0.0/33', /over 32/],
    ['::/129', /over 128/],
    ['10.0.0.0/', /no valid prefix/],
    ['10.0.0.0/+8', /no valid prefix/],
    ['10.0.0.0/8/8', /not an IP range/],
    ['10/8', /not an IP range/],
    ['0x7f.0.0.0/8', /not an IP range/],
    ['localhost', /not an IP range/],
    ['', /not an IP range/],
    [' 10.0.0.0/8', /not an IP range/],
    ['fe80::%eth0/10', /not an IP range/],
    ['::ffff:0.0.0.0/90', /bits set|wider than/],
  ])('refuses the entry %j and says why', (entry, message) => {
    const result = createAddressPolicy({ allowPrivate: ['127.0.0.0/8', entry] });
    expect(result).toMatchObject({ ok: false, entry, detail: expect.stringMatching(message) });
  });

  it('judges an IPv4 address and its mapped form alike', () => {
    const policy = policyOf('10.0.0.0/8', '192.168.0.0/16');
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(policy.allows(`::ffff:${address}`)).toBe(policy.allows(address));
      }),
    );
  });

  it('lets no IPv6 address outside 2000::/3 through', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        // `::ffff:a.b.c.d` is IPv4 and judged as such.
        if (closed.allows(address) && !/ffff:(\d+\.|[0-9a-f]+:[0-9a-f]+$)/i.test(address))
          expect(address).toMatch(/^[23][0-9a-f]{3}:/i);
      }),
    );
  });
});
