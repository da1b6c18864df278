import type { Config } from '../../config/settings.ts';
import { createAddressPolicy } from '../../net/address-policy.ts';
import { type Finding, fail, warn, well } from './finding.ts';

/** Addresses that hand out the credentials of a cloud machine. */
const METADATA_ADDRESSES = ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200'];
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];
const WIDE_BITS_MAX = 7;

/** Settings that are allowed and still likely to be regretted. */
export function checkSettings(config: Config): readonly Finding[] {
  return [...checkAllowPrivate(config), ...checkHttp(config), ...checkProxy(config)];
}

function checkAllowPrivate(config: Config): readonly Finding[] {
  const ranges = config.allowPrivate ?? [];
  const check = 'private destinations';
  if (ranges.length === 0) return [well(check, 'none is open')];
  const built = createAddressPolicy({ allowPrivate: ranges });
  if (!built.ok) return [fail(check, built.detail, 'Correct HOOKRING_ALLOW_PRIVATE.')];
  const findings: Finding[] = [];
  const wide = ranges.filter((range) => Number(range.split('/')[1] ?? Infinity) <= WIDE_BITS_MAX);
  if (wide.length > 0) {
    findings.push(
      fail(
        check,
        `${wide.join(', ')} opens whole continents of addresses`,
        'Name the networks of your receivers only.',
      ),
    );
  }
  const metadata = METADATA_ADDRESSES.filter((address) => built.policy.allows(address));
  if (metadata.length > 0) {
    findings.push(
      fail(
        check,
        `${metadata.join(', ')} is open: it hands out the credentials of this machine`,
        'Remove it from HOOKRING_ALLOW_PRIVATE.',
      ),
    );
  }
  if (LOOPBACK_ADDRESSES.some((address) => built.policy.allows(address)) && !isLoopback(config.host)) {
    findings.push(
      warn(
        check,
        'whoever may create endpoints reaches the services of this machine',
        'Keep loopback ranges for development.',
      ),
    );
  }
  return findings.length > 0 ? findings : [well(check, `open: ${ranges.join(', ')}`)];
}

function checkHttp(config: Config): readonly Finding[] {
  if (!config.allowHttp) return [];
  return [
    warn(
      'plain http',
      'endpoints may have http: URLs',
      'Payloads can be read on the way; unset HOOKRING_ALLOW_HTTP outside of development.',
    ),
  ];
}

function checkProxy(config: Config): readonly Finding[] {
  if (config.trustProxy !== true || isLoopback(config.host)) return [];
  return [
    warn(
      'trusted proxies',
      'everybody may name any caller in X-Forwarded-For',
      'Name your proxies: HOOKRING_TRUST_PROXY=10.0.0.0/8',
    ),
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
