import { isIP } from 'node:net';
import type { Database } from '../../config/parse-database.ts';
import type { ServerFile } from '../../config/server-file.ts';
import type { Config } from '../../config/settings.ts';
import { type Client, call } from '../client.ts';
import { type Json, records, text, textOrNull } from '../json.ts';
import { checkNames, type Lookup } from './check-machine.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const PROBE_TIMEOUT_MS = 5_000;
const BACKLOG_AGE_SECONDS_GOOD = 300;
const BACKLOG_AGE_SECONDS_MAX = 3_600;
const CLOCK_DIFFERENCE_SECONDS_MAX = 2;
const ORGANIZATIONS_MAX = 200;
const ENDPOINTS_MAX = 2_000;
const PAGE_ITEMS = 200;
const SHOWN_MAX = 5;
const NAMES_MAX = 10;

/** What can be learnt from the server that owns the database, when one runs. */
export async function checkServer(
  config: Config,
  server: ServerFile | null,
  surroundings: { readonly now: () => number; readonly lookup: Lookup },
): Promise<readonly Finding[]> {
  if (server === null) {
    return [notFound(config.database)];
  }
  const ready = await probe(new URL('/readyz', server.url), null);
  if (ready === null) {
    return [fail('server', `process ${server.pid} does not answer at ${server.url}`, 'Look into its log; restart it.')];
  }
  const { metricsAddress, metricsToken } = config;
  const metricsUrl =
    metricsAddress === null ? server.url : `http://${urlHost(metricsAddress.host)}:${metricsAddress.port}`;
  const metrics = await probe(new URL('/metrics', metricsUrl), metricsToken);
  return [
    ready.status === 200
      ? well('server', `ready at ${server.url}, process ${server.pid}`)
      : fail('server', `it answers and is not ready: ${ready.body.slice(0, 200)}`, 'Look into its log.'),
    checkDifference(ready.date, surroundings.now()),
    ...(metrics?.status === 200 ? checkBacklog(metrics.body) : []),
    ...(await checkEndpoints(server, surroundings.lookup)),
  ];
}

function notFound(database: Database): Finding {
  const advice = 'Start one: hookring serve';
  if (database.kind === 'sqlite') return warn('server', `none runs on ${database.path}`, advice);
  // Servers elsewhere are as good, and the nodes of the database are counted apart.
  return well('server', 'none with an API was found on this machine');
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

type Answer = { readonly status: number; readonly body: string; readonly date: string | null };

async function probe(url: URL, token: string | null): Promise<Answer | null> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return { status: response.status, body: await response.text(), date: response.headers.get('date') };
  } catch {
    return null;
  }
}

/** Both clocks are of this machine, unless one of the two runs in a container or a time of its own. */
export function checkDifference(date: string | null, now: number): Finding {
  const seconds = date === null ? 0 : Math.abs(Date.parse(date) - now) / 1_000;
  if (!(seconds > CLOCK_DIFFERENCE_SECONDS_MAX)) return well('server clock', 'the same as here');
  return warn(
    'server clock',
    `differs by ${Math.round(seconds)} s from this machine's`,
    'Keep clocks in step with NTP: receivers refuse signatures whose time is wrong by minutes.',
  );
}

/** A figure of the metrics page, or null. */
export function figureOf(metrics: string, name: string): number | null {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
  const value = line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
  return Number.isFinite(value) ? value : null;
}

export function checkBacklog(metrics: string): readonly Finding[] {
  const queued = figureOf(metrics, 'hookring_backlog_deliveries');
  const age = figureOf(metrics, 'hookring_oldest_due_age_seconds');
  if (queued === null || age === null) return [];
  const detail = `${queued} deliveries owed, the oldest due ${Math.round(age)} s ago`;
  if (age <= BACKLOG_AGE_SECONDS_GOOD) return [well('backlog', detail)];
  const find = age > BACKLOG_AGE_SECONDS_MAX ? fail : warn;
  return [
    find(
      'backlog',
      detail,
      'See which endpoints are slow: hookring deliveries list --status pending, hookring deliveries tail',
    ),
  ];
}

/** Endpoints of all organizations, up to a bound; the server lists those of one at a time. */
async function checkEndpoints(server: ServerFile, lookup: Lookup): Promise<readonly Finding[]> {
  const client: Client = {
    url: server.url,
    nativePrefix: server.nativePrefix,
    isPrefixAssumed: false,
    token: server.token,
    organization: null,
    fetch: (request) => fetch(request),
  };
  const endpoints: Json[] = [];
  let organizations: readonly Json[];
  try {
    organizations = await listAll(client, '/organizations', ORGANIZATIONS_MAX);
    for (const each of organizations) {
      if (endpoints.length >= ENDPOINTS_MAX) break;
      const owned = { ...client, organization: text(each, 'id') };
      endpoints.push(...(await listAll(owned, '/endpoints', ENDPOINTS_MAX - endpoints.length)));
    }
  } catch {
    return [fail('endpoints', 'the server did not list them', 'Look into its log.')];
  }
  return [suspendedFinding(endpoints, organizations.length), await checkNames(hostNames(endpoints), lookup)];
}

async function listAll(client: Client, path: string, itemsMax: number): Promise<readonly Json[]> {
  const items: Json[] = [];
  let cursor: string | null = null;
  do {
    const query = { limit: PAGE_ITEMS, ...(cursor === null ? {} : { cursor }) };
    const answer: Json = await call(client, { method: 'GET', path, query });
    items.push(...records(answer['items']));
    cursor = textOrNull(answer, 'nextCursor');
  } while (cursor !== null && items.length < itemsMax);
  return items.slice(0, itemsMax);
}

function suspendedFinding(endpoints: readonly Json[], organizations: number): Finding {
  const suspended = endpoints.filter((row) => row['status'] === 'suspended');
  if (suspended.length === 0) {
    const where = organizations === 1 ? 'one organization' : `${organizations} organizations`;
    return well('endpoints', `${endpoints.length} in ${where}, none suspended`);
  }
  const shown = suspended.slice(0, SHOWN_MAX).map((row) => `${text(row, 'id')} (${text(row, 'suspendedReason')})`);
  const more = suspended.length > SHOWN_MAX ? ` and ${suspended.length - SHOWN_MAX} more` : '';
  return warn(
    'endpoints',
    `suspended: ${shown.join(', ')}${more}`,
    'Try one: hookring endpoints test <id>; then: hookring endpoints resume <id>',
  );
}

/** Some of the names that deliveries must look up. */
function hostNames(endpoints: readonly Json[]): readonly string[] {
  const names = new Set<string>();
  for (const row of endpoints) {
    if (names.size === NAMES_MAX) break;
    const host = URL.parse(text(row, 'url'))?.hostname ?? '';
    const isName = host !== '' && host !== 'localhost' && !host.startsWith('[') && isIP(host) === 0;
    if (isName && row['status'] === 'active') names.add(host);
  }
  return [...names];
}
