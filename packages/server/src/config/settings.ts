import {
  GRACE_SECONDS_MAX,
  RETENTION_DAYS_DEFAULT,
  SEND_DEADLINE_SECONDS_MAX,
  SEND_DEADLINE_SECONDS_MIN,
} from '../domain/limits.ts';
import { parseDialectName } from './dialect-settings.ts';
import { OBSERVABILITY_SETTINGS } from './observability-settings.ts';
import { decimalNumber, oneOf, parseBoolean, wholeNumber } from './parse.ts';
import { POOLERS, parseDatabaseUrl, ROLES } from './parse-database.ts';
import { parseJwksUrl, parseJwtName, parseJwtSecret } from './parse-jwt.ts';
import { parseAllowPrivate, parseHost, parseTrustProxy } from './parse-network.ts';
import { parseBootstrapKey, parseMasterKeys, parseRateLimit, parseRetrySchedule } from './parse-values.ts';
import { type Setting, setting } from './setting.ts';

const RETENTION_DAYS_MAX = 3_650;
const SHUTDOWN_SECONDS_MAX = 600;
const AUTO_SUSPEND_ATTEMPTS_MAX = 1_000_000;
const AUTO_SUSPEND_HOURS_MAX = 8_760;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every setting, in the order in which the manual and the help show them. Keys are those of `hookring.config.ts`. */
export const SETTINGS = {
  host: setting({
    variable: 'HOOKRING_HOST',
    flag: '--host <address>',
    description: 'The address that the server listens on. `0.0.0.0` or `::` opens it to other machines.',
    example: '0.0.0.0',
    defaultText: '127.0.0.1',
    parse: parseHost,
  }),
  port: setting({
    variable: 'HOOKRING_PORT',
    flag: '--port <number>',
    description: 'The port that the server listens on; 0 takes any free one.',
    example: '8484',
    defaultText: '8484',
    parse: wholeNumber({ min: 0, max: 65_535 }),
  }),
  database: setting({
    variable: 'HOOKRING_DATABASE_URL',
    flag: '--database-url <url>',
    description:
      'Where everything is kept: `sqlite:` and the path of a file, relative to the current directory; or the address of a ' +
      'PostgreSQL database, `postgres://user:password@host:5432/database`, for any number of servers.',
    example: 'sqlite:/var/lib/hookring/hookring.db',
    defaultText: 'sqlite:./data/hookring.db',
    sensitive: true,
    parse: parseDatabaseUrl,
  }),
  databasePooler: setting({
    variable: 'HOOKRING_DATABASE_POOLER',
    flag: '--database-pooler <mode>',
    description:
      'What stands between the server and PostgreSQL: `none`, or `transaction` for a pooler that gives each transaction ' +
      'another session, such as PgBouncer in that mode.',
    example: 'transaction',
    defaultText: 'none',
    parse: oneOf(POOLERS),
  }),
  role: setting({
    variable: 'HOOKRING_ROLE',
    flag: '--role <role>',
    description:
      'What this server does: `all`, or with PostgreSQL `api` alone (it accepts events and answers, and sends nothing) or ' +
      '`worker` alone (it delivers and does the jobs, and has no API).',
    example: 'worker',
    defaultText: 'all',
    parse: oneOf(ROLES),
  }),
  masterKeys: setting({
    variable: 'HOOKRING_MASTER_KEY',
    flag: null,
    description:
      'Seals the signing secrets: the base64 of 32 bytes, or `id:base64,id:base64` of which the first seals and all ' +
      'open (a key without an id is called `default`). Without it a key is made and kept in a file beside the SQLite ' +
      'database; with PostgreSQL it is required, and the same for all servers.',
    example: '2026:$(openssl rand -base64 32)',
    sensitive: true,
    parse: parseMasterKeys,
  }),
  bootstrapKey: setting({
    variable: 'HOOKRING_BOOTSTRAP_KEY',
    flag: null,
    description:
      'An API key of your own making, 32 characters or more, with every scope for the organization `default`. ' +
      'Without it the first start makes a key and shows it once.',
    example: '$(openssl rand -hex 32)',
    sensitive: true,
    parse: parseBootstrapKey,
  }),
  allowPrivate: setting({
    variable: 'HOOKRING_ALLOW_PRIVATE',
    flag: '--allow-private <ranges>',
    description:
      'CIDR ranges, separated by commas, that endpoints may live in although they are not on the public internet. ' +
      'Everything private is closed otherwise.',
    example: '10.20.0.0/16,127.0.0.1/32',
    parse: parseAllowPrivate,
  }),
  allowHttp: setting({
    variable: 'HOOKRING_ALLOW_HTTP',
    flag: '--allow-http [boolean]',
    description: 'Lets endpoints have `http:` URLs everywhere. Payloads and signatures then travel in the clear.',
    example: 'true',
    defaultText: 'false',
    parse: parseBoolean,
  }),
  retrySchedule: setting({
    variable: 'HOOKRING_RETRY_SCHEDULE',
    flag: '--retry-schedule <seconds>',
    description:
      'Seconds before each retry, separated by commas: n numbers make n + 1 attempts. 0 is at once, `none` is a single ' +
      'attempt. It overrides the schedules of all endpoints.',
    example: '5,60,600,3600',
    parse: parseRetrySchedule,
  }),
  autoSuspendAttempts: setting({
    variable: 'HOOKRING_AUTO_SUSPEND_ATTEMPTS',
    flag: '--auto-suspend-attempts <number>',
    description: 'An endpoint is suspended after so many failed attempts in a row (and the hours below).',
    example: '20',
    defaultText: '20',
    parse: wholeNumber({ min: 1, max: AUTO_SUSPEND_ATTEMPTS_MAX }),
  }),
  autoSuspendHours: setting({
    variable: 'HOOKRING_AUTO_SUSPEND_HOURS',
    flag: '--auto-suspend-hours <hours>',
    description: 'The first of those failures must be at least so many hours old; 0: the count alone decides.',
    example: '12',
    defaultText: '12',
    parse: decimalNumber({ min: 0, max: AUTO_SUSPEND_HOURS_MAX }),
  }),
  sendDeadlineSeconds: setting({
    variable: 'HOOKRING_SEND_DEADLINE_SECONDS',
    flag: '--send-deadline-seconds <seconds>',
    description: 'How long one attempt may take, from looking up the name to the last byte of the answer.',
    example: '15',
    defaultText: '15',
    parse: wholeNumber({ min: SEND_DEADLINE_SECONDS_MIN, max: SEND_DEADLINE_SECONDS_MAX }),
  }),
  graceSecondsMax: setting({
    variable: 'HOOKRING_GRACE_SECONDS_MAX',
    flag: '--grace-seconds-max <seconds>',
    description:
      'The longest grace that a rotation may ask for, through any API. A rotation policy may allow less, never more.',
    example: '604800',
    defaultText: '604800',
    parse: wholeNumber({ min: 0, max: GRACE_SECONDS_MAX }),
  }),
  graceSecondsDefault: setting({
    variable: 'HOOKRING_GRACE_SECONDS_DEFAULT',
    flag: '--grace-seconds-default <seconds>',
    description:
      'The grace of a rotation that names none, where neither the endpoint nor the dialect says it. At most the maximum ' +
      'above, which also takes its place when it is smaller and this is unset.',
    example: '86400',
    defaultText: '86400',
    parse: wholeNumber({ min: 0, max: GRACE_SECONDS_MAX }),
  }),
  trustProxy: setting({
    variable: 'HOOKRING_TRUST_PROXY',
    flag: '--trust-proxy <proxies>',
    description:
      'Whose `X-Forwarded-*` headers are believed, which say where a request came from (for the audit log) and whether it ' +
      'came by https: `false` for nobody, a list of addresses and CIDR ranges of your proxies, a number of proxies when ' +
      'the port can be reached through them alone, or `true` for anyone who can reach it.',
    example: '10.0.0.0/8',
    defaultText: 'false',
    parse: parseTrustProxy,
  }),
  rootDialect: setting({
    variable: 'HOOKRING_ROOT_DIALECT',
    flag: '--root-dialect <name>',
    description:
      'The dialect that stands at the root of the server, so that its paths are those of the product: a built-in one or ' +
      'one of `hookring.config.ts`. The native API then moves from `/v1` to `/hookring/v1`; `native` keeps it in its ' +
      'place, whatever a dialect says.',
    example: 'moonborn',
    parse: parseDialectName,
  }),
  rateLimit: setting({
    variable: 'HOOKRING_RATE_LIMIT',
    flag: '--rate-limit <rate>',
    description:
      'Requests that one caller may make for one organization: `100` or `100/s` per second, `6000/m` per minute, ' +
      '`100000/h` per hour. An operator counts once for all organizations. Off unless set.',
    example: '100/s',
    parse: parseRateLimit,
  }),
  jwtSecret: setting({
    variable: 'HOOKRING_JWT_SECRET',
    flag: null,
    description:
      'Lets session JWTs in where a dialect takes them: the secret, of 32 bytes or more, that your own servers sign them ' +
      'with (HS256). Off unless this or the address below is set.',
    example: '$(openssl rand -hex 32)',
    sensitive: true,
    parse: parseJwtSecret,
  }),
  jwtJwksUrl: setting({
    variable: 'HOOKRING_JWT_JWKS_URL',
    flag: '--jwt-jwks-url <url>',
    description:
      'The same for JWTs that are signed with a private key: the https: address of the JSON Web Key Set of their issuer ' +
      '(RSA, ECDSA or EdDSA).',
    example: 'https://auth.example.com/.well-known/jwks.json',
    sensitive: true,
    parse: parseJwksUrl,
  }),
  jwtIssuer: setting({
    variable: 'HOOKRING_JWT_ISSUER',
    flag: '--jwt-issuer <issuer>',
    description: 'What the claim `iss` of a session JWT must be. Not looked at unless set.',
    example: 'https://auth.example.com/',
    parse: parseJwtName,
  }),
  jwtAudience: setting({
    variable: 'HOOKRING_JWT_AUDIENCE',
    flag: '--jwt-audience <audience>',
    description: 'What the claim `aud` of a session JWT must be or hold. Not looked at unless set.',
    example: 'hookring',
    parse: parseJwtName,
  }),
  logLevel: setting({
    variable: 'HOOKRING_LOG_LEVEL',
    flag: '--log-level <level>',
    description: `The least that is logged: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}.`,
    example: 'warn',
    defaultText: 'info',
    parse: oneOf(LOG_LEVELS),
  }),
  ...OBSERVABILITY_SETTINGS,
  retentionDays: setting({
    variable: 'HOOKRING_RETENTION_DAYS',
    flag: '--retention-days <days>',
    description: 'Events and their deliveries are kept for so many days, and never removed while one is still owed.',
    example: '30',
    defaultText: String(RETENTION_DAYS_DEFAULT),
    parse: wholeNumber({ min: 1, max: RETENTION_DAYS_MAX }),
  }),
  shutdownSeconds: setting({
    variable: 'HOOKRING_SHUTDOWN_SECONDS',
    flag: '--shutdown-seconds <seconds>',
    description: 'How long a stopping server waits for its sends in flight before it ends them.',
    example: '20',
    defaultText: '20',
    parse: wholeNumber({ min: 1, max: SHUTDOWN_SECONDS_MAX }),
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? (S extends { readonly defaultText: string } ? T : T | null) : never;

/** The whole configuration as plain validated data. */
export type Config = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[]; // Object.keys forgets the literal keys.

/** Variables that are read elsewhere: by the commands that talk to a server, and by the tests. */
export const OTHER_VARIABLES = [
  'HOOKRING_URL',
  'HOOKRING_API_KEY',
  'HOOKRING_ORGANIZATION',
  'HOOKRING_PROVE',
  'HOOKRING_TEST_POSTGRES_URL',
] as const;
