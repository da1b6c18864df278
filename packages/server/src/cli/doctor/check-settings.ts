import type { Config } from '../../config/settings.ts';
import { NATIVE_RETRY_SCHEDULE_SECONDS } from '../../domain/retry-schedule.ts';
import { createAddressPolicy } from '../../net/address-policy.ts';
import { type Finding, fail, warn, well } from './finding.ts';

/** Addresses that hand out the credentials of a cloud machine. */
const METADATA_ADDRESSES = ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200'];
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];
const WIDE_BITS_MAX = 7;

/** Settings that are allowed and still likely to be regretted. */
export function checkSettings(config: Config): readonly Finding[] {
  return [
    ...checkAllowPrivate(config),
    ...checkHttp(config),
    ...checkExposure(config),
    ...checkMetrics(config),
    ...checkRetries(config),
  ];
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

/** The server speaks plain HTTP: what is open to other machines wants a proxy with TLS before it. */
function checkExposure({ host, trustProxy }: Config): readonly Finding[] {
  const check = 'exposure';
  if (isLoopback(host)) return [well(check, `only this machine reaches ${host}`)];
  if (trustProxy === true) {
    return [
      warn(
        check,
        `HOOKRING_TRUST_PROXY is true and other machines reach ${host}, so everybody may name any caller in X-Forwarded-For`,
        'Name your proxies: HOOKRING_TRUST_PROXY=10.0.0.0/8',
      ),
    ];
  }
  if (trustProxy === false) {
    return [
      warn(
        check,
        `other machines reach ${host} without TLS, and API keys travel in the clear`,
        'Put a proxy with TLS before it and name it (HOOKRING_TRUST_PROXY=10.0.0.5); or listen on 127.0.0.1 only.',
      ),
    ];
  }
  return [well(check, 'behind the proxies that HOOKRING_TRUST_PROXY names')];
}

function checkMetrics({ metricsAddress, metricsToken }: Config): readonly Finding[] {
  if (metricsAddress === null || metricsToken !== null || isLoopback(metricsAddress.host)) return [];
  return [
    warn(
      'metrics',
      `whoever reaches ${metricsAddress.host} may read the metrics`,
      'Set HOOKRING_METRICS_TOKEN, unless only your own network reaches it.',
    ),
  ];
}

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
const RETRY_DAYS_MAX = 14;

/** How long a receiver may be away until deliveries to it are given up. */
function checkRetries({ retrySchedule, retentionDays }: Config): readonly Finding[] {
  const check = 'retries';
  const schedule = retrySchedule ?? NATIVE_RETRY_SCHEDULE_SECONDS;
  const seconds = schedule.reduce((sum, each) => sum + each, 0);
  const detail =
    schedule.length === 0 ? 'a single attempt' : `${schedule.length + 1} attempts within ${spanText(seconds)}`;
  if (seconds > retentionDays * DAY_SECONDS) {
    return [
      warn(
        check,
        `${detail}, and history is kept for ${retentionDays} days: what ended just now may be gone before anybody looks`,
        'Make HOOKRING_RETENTION_DAYS longer than HOOKRING_RETRY_SCHEDULE.',
      ),
    ];
  }
  if (seconds < HOUR_SECONDS) {
    return [
      warn(
        check,
        `${detail}: a receiver that is away for longer misses its events until somebody runs hookring recover`,
        'Unset HOOKRING_RETRY_SCHEDULE, or let it last for hours.',
      ),
    ];
  }
  if (seconds > RETRY_DAYS_MAX * DAY_SECONDS) {
    return [
      warn(
        check,
        `${detail}: dead receivers keep work in the queue for weeks, and their customers get very old news`,
        'Let HOOKRING_RETRY_SCHEDULE end after some days.',
      ),
    ];
  }
  return [well(check, detail)];
}

function spanText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < HOUR_SECONDS) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * DAY_SECONDS) return `${Math.round(seconds / HOUR_SECONDS)} h`;
  return `${Math.round(seconds / DAY_SECONDS)} days`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
