import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from './api.ts';
import { Customer, Customers, type Manner } from './customers.ts';
import type { Plan } from './plan.ts';
import { look, type Sample, watch } from './samples.ts';
import { type Servers, startServers } from './servers.ts';
import { nothingSent, pour, type Sent, typesOf } from './traffic.ts';
import { type Deeds, disturb, nothingDone } from './unrest.ts';
import type { Seen } from './verdict.ts';

/** Of every twelve customers three are troublesome. */
const MANNERS: readonly Manner[] = [
  'steady',
  'steady',
  'steady',
  'failing',
  'steady',
  'steady',
  'slow',
  'steady',
  'steady',
  'flapping',
  'steady',
  'steady',
];
const DRAIN_MS_MAX = 120_000;
const DRAIN_POLL_MS = 250;
/** Results are stored after they arrived, and what is past retention goes every ten seconds. */
const SETTLE_MS = 15_000;
const HOUR_MS = 3_600_000;

/** Runs the whole of it, and answers what was seen. */
export async function soak(plan: Plan, say: (line: string) => void): Promise<Seen> {
  await using started = new AsyncDisposableStack();
  const customers = started.use(await new Customers().listen());
  say(`starting ${plan.nodes === 1 ? 'a server' : `${plan.nodes} servers`} on ${plan.store} with a history`);
  const servers = await startServers(plan, started);
  const api = started.use(
    new Api(
      servers.beds.map(({ server }) => server.url),
      servers.beds[0]?.key ?? '',
    ),
  );
  const known = await createCustomers(plan, api, customers);
  const steady = known.filter(({ manner }) => manner === 'steady');

  const startedAt = Date.now();
  const until = startedAt + plan.seconds * 1_000;
  const [sent, deeds] = [nothingSent(), nothingDone()];
  const watched = {
    nodes: servers.beds.map(({ server }) => ({ url: server.url, pid: server.pid })),
    customers,
    tables: servers.tables,
  };
  const watching = new AbortController();
  const onSample = (sample: Sample): void => say(told(sample, sent, customers));
  const looks = watch(watched, { everySeconds: plan.sampleSeconds, signal: watching.signal, onSample });
  try {
    await Promise.all([
      pour(api, known, { plan, sent, until }),
      disturb({ api, customers, steady, deeds, graceSeconds: plan.graceSeconds, until }),
    ]);
  } finally {
    watching.abort();
  }
  say('no more events; waiting for what is owed');
  await allArrived(known);
  await sleep(SETTLE_MS);
  const { samples, failures } = await looks;
  const end = await look(watched, (Date.now() - startedAt) / 1_000);
  const missing = known.reduce((sum, { expected, received }) => sum + expected.missingFrom(received), 0);
  return {
    plan,
    sent,
    tally: customers.tally,
    deeds,
    history: servers.history,
    samples,
    failedLooks: failures,
    end,
    missing,
    owed: missing > 0 ? await servers.tables.owed() : [],
    listenerWarnings: servers.complaints.listenerWarnings,
    errorLines: servers.complaints.errorLines,
    firstWrong: customers.firstWrong,
    unexplained: await unexplainedRows(servers, { sent, deeds, end, startedAt }),
    oldestHours: (Date.now() - (await servers.tables.oldestEventAt())) / HOUR_MS,
  };
}

async function createCustomers(plan: Plan, api: Api, customers: Customers): Promise<readonly Customer[]> {
  const known: Customer[] = [];
  for (let index = 0; index < plan.customers; index += 1) {
    const customer = new Customer(`/customer/${index}`, MANNERS[index % MANNERS.length] ?? 'steady');
    customers.add(customer);
    const { id, secret } = await api.createEndpoint(customers.url + customer.path, typesOf(index));
    customer.endpointId = id;
    customer.deploy(secret);
    known.push(customer);
  }
  return known;
}

async function allArrived(known: readonly Customer[]): Promise<void> {
  const deadline = Date.now() + DRAIN_MS_MAX;
  const isOwed = ({ expected, received }: Customer): boolean =>
    received.size < expected.size || expected.missingFrom(received) > 0;
  while (known.some(isOwed) && Date.now() < deadline) await sleep(DRAIN_POLL_MS);
}

/** More rows than were asked for, or fewer. What nobody knows the fate of may have left some. */
async function unexplainedRows(
  { tables }: Servers,
  { sent, deeds, end, startedAt }: { sent: Sent; deeds: Deeds; end: Sample; startedAt: number },
): Promise<ReadonlyMap<string, number>> {
  const made = await tables.madeSince(startedAt);
  const explained: Readonly<Record<string, number>> = {
    events: sent.accepted + deeds.events,
    deliveries: sent.deliveries + deeds.deliveries,
    attempts: end.nodes.reduce((sum, { attempts }) => sum + attempts, 0),
    event_ids: sent.acceptedWithId,
  };
  const off = (rows: number, expected: number): number =>
    sent.unanswered === 0 ? Math.abs(rows - expected) : Math.max(0, expected - rows);
  return new Map([...made].map(([table, rows]) => [table, off(rows, explained[table] ?? 0)]));
}

function told({ seconds, nodes, latency, tables }: Sample, sent: Sent, { tally }: Customers): string {
  const mib = (bytes: number | null): string => (bytes === null ? '?' : (bytes / 1_024 / 1_024).toFixed(0));
  return [
    `${seconds.toFixed(0).padStart(5)} s`,
    `accepted ${sent.accepted}`,
    `arrived ${tally.verified}`,
    `wrong ${tally.wronglySigned}`,
    `queue ${tables.rows.get('queue') ?? 0}`,
    `p99 ${latency === null ? '-' : latency.p99Ms.toFixed(0)} ms`,
    `memory ${nodes.map(({ rssBytes }) => mib(rssBytes)).join(' ')} MiB`,
    `sockets ${nodes.map(({ sockets }) => sockets ?? '?').join(' ')}`,
    `log ${mib(tables.logBytes)} MiB`,
  ].join('  ');
}
