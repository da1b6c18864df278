import type { ServerFile } from '../../config/server-file.ts';
import type { Config } from '../../config/settings.ts';
import { type Client, call } from '../client.ts';
import { type Json, records, text, textOrNull } from '../json.ts';
import { type Finding, fail, warn, well } from './finding.ts';

const PROBE_TIMEOUT_MS = 5_000;
const BACKLOG_AGE_SECONDS_MAX = 300;
const CLOCK_DIFFERENCE_SECONDS_MAX = 2;
const ENDPOINT_PAGES_MAX = 10;
const PAGE_ITEMS = 200;
const SHOWN_MAX = 5;

/** What can be learnt from the server that owns the database, when one runs. */
export async function checkServer(config: Config, server: ServerFile | null, now: number): Promise<readonly Finding[]> {
  if (server === null) {
    return [warn('server', `none runs on ${config.database.path}`, 'Start one: hookring serve')];
  }
  const ready = await probe(server, '/readyz');
  if (ready === null) {
    return [fail('server', `process ${server.pid} does not answer at ${server.url}`, 'Look into its log; restart it.')];
  }
  const findings = [
    ready.status === 200
      ? well('server', `ready at ${server.url}, process ${server.pid}`)
      : fail('server', `it answers and is not ready: ${ready.body.slice(0, 200)}`, 'Look into its log.'),
    checkDifference(ready.date, now),
  ];
  const metrics = await probe(server, '/metrics');
  if (metrics?.status === 200) findings.push(...checkBacklog(metrics.body));
  findings.push(...(await checkEndpoints(server)));
  return findings;
}

type Answer = { readonly status: number; readonly body: string; readonly date: string | null };

async function probe(server: ServerFile, path: string): Promise<Answer | null> {
  try {
    const response = await fetch(new URL(path, server.url), { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return { status: response.status, body: await response.text(), date: response.headers.get('date') };
  } catch {
    return null;
  }
}

function checkDifference(date: string | null, now: number): Finding {
  const seconds = date === null ? 0 : Math.abs(Date.parse(date) - now) / 1_000;
  if (!(seconds > CLOCK_DIFFERENCE_SECONDS_MAX)) return well('server clock', 'the same as here');
  return warn(
    'server clock',
    `differs by ${Math.round(seconds)} s from this machine's`,
    'Keep clocks in step with NTP.',
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
  if (age <= BACKLOG_AGE_SECONDS_MAX) return [well('backlog', detail)];
  return [
    warn(
      'backlog',
      detail,
      'See which endpoints are slow: hookring deliveries list --status pending, hookring endpoints list',
    ),
  ];
}

async function checkEndpoints(server: ServerFile): Promise<readonly Finding[]> {
  const client: Client = {
    url: server.url,
    nativePrefix: server.nativePrefix,
    isPrefixAssumed: false,
    token: server.token,
    organization: null,
    fetch: (request) => fetch(request),
  };
  const suspended: Json[] = [];
  let seen = 0;
  let cursor: string | null = null;
  try {
    for (let page = 0; page < ENDPOINT_PAGES_MAX && (page === 0 || cursor !== null); page += 1) {
      const query = { limit: PAGE_ITEMS, ...(cursor === null ? {} : { cursor }) };
      const answer: Json = await call(client, { method: 'GET', path: '/endpoints', query });
      const items = records(answer['items']);
      seen += items.length;
      suspended.push(...items.filter((row) => row['status'] === 'suspended'));
      cursor = textOrNull(answer, 'nextCursor');
    }
  } catch {
    return [fail('endpoints', 'the server did not list them', 'Look into its log.')];
  }
  if (suspended.length === 0) return [well('endpoints', `${seen} in the organization default, none suspended`)];
  const shown = suspended.slice(0, SHOWN_MAX).map((row) => `${text(row, 'id')} (${text(row, 'suspendedReason')})`);
  const more = suspended.length > SHOWN_MAX ? ` and ${suspended.length - SHOWN_MAX} more` : '';
  return [
    warn(
      'endpoints',
      `suspended: ${shown.join(', ')}${more}`,
      'Try one: hookring endpoints test <id>; then: hookring endpoints resume <id>',
    ),
  ];
}
