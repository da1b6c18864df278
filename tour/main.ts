import { createApi } from '../testbed/api.ts';
import { readFlags } from '../testbed/command-line.ts';
import { type Customer, startCustomer } from '../testbed/customer.ts';
import { startServer } from '../testbed/server-process.ts';

const USAGE = `npm run tour -- [--seconds 40] [--rate 300] [--customers 6] [--json]

  The proof in one minute: real receivers, each knowing one secret at a time, while every ring is rotated again and
  again under load. Ends with a verdict and an exit status: nothing rejected, nothing lost.
`;

const flags = readFlags(
  {
    seconds: { type: 'string', default: '40' },
    rate: { type: 'string', default: '300' },
    customers: { type: 'string', default: '6' },
    json: { type: 'boolean', default: false },
  },
  USAGE,
);

const GRACE_SECONDS = 4;
/** A customer deploys the new secret somewhere in this part of the grace. */
const DEPLOY_FROM = 0.1;
const DEPLOY_TO = 0.9;
const BATCH_EVERY_MS = 50;
const DRAIN_TIMEOUT_MS = 20_000;
const FAILING_SHARE = 0.1;
const HISTORY = 20;

type Tally = { accepted: string[]; refused: number; rotations: number; refusedRotations: number };

async function main(): Promise<number> {
  const seconds = positive('seconds', flags.seconds);
  const rate = positive('rate', flags.rate);
  const customerCount = Math.ceil(positive('customers', flags.customers));
  say('Starting a server with an empty database, and receivers that verify with the standardwebhooks library …');
  const server = await startServer({
    HOOKRING_RETRY_SCHEDULE: Array.from({ length: HISTORY }, () => 1).join(','),
    HOOKRING_AUTO_SUSPEND_ATTEMPTS: '1000000',
  });
  const customers: Customer[] = [];
  try {
    const api = createApi(server.url, server.key);
    const endpoints: { id: string; customer: Customer }[] = [];
    for (let index = 0; index < customerCount; index += 1) {
      // The last customer's server answers one request in ten with 500, so that retries cross rotations.
      const failing = index === customerCount - 1 ? FAILING_SHARE : 0;
      const customer = await startCustomer({ failing, random: Math.random });
      customers.push(customer);
      const { id, secret } = await api.createEndpoint(customer.url);
      customer.deploy(secret);
      endpoints.push({ id, customer });
    }
    say(
      `${customerCount} endpoints, about ${rate} events a second to each for ${seconds} s; every ring rotates about every ${GRACE_SECONDS + 1} s.\n`,
    );

    const tally: Tally = { accepted: [], refused: 0, rotations: 0, refusedRotations: 0 };
    const started = Date.now();
    const until = started + seconds * 1_000;
    const live = liveLine(() => lineOf(tally, customers, started));
    await Promise.all([
      pour(api, tally, { until, rate }),
      ...endpoints.map(async (endpoint) => await rotateUntil(api, tally, endpoint, until)),
    ]);
    await drained(tally, customers);
    live.stop();
    return verdict(tally, customers, seconds);
  } finally {
    await server.drain();
    await server.remove();
    await Promise.all(customers.map(async (customer) => await customer.stop()));
  }
}

/** Sends small batches at a steady rate. */
async function pour(
  api: ReturnType<typeof createApi>,
  tally: Tally,
  load: { until: number; rate: number },
): Promise<void> {
  const started = Date.now();
  let sent = 0;
  while (Date.now() < load.until) {
    const wanted = Math.floor(((Date.now() - started) / 1_000) * load.rate) - sent;
    if (wanted > 0) {
      const events = Array.from({ length: Math.min(wanted, 500) }, () => ({
        id: crypto.randomUUID(),
        type: 'order.created',
        payload: { sentAt: Date.now(), order: sent, note: 'ünïcode and a big number: ', total: 12_345 },
      }));
      sent += events.length;
      const status = await api.send(events);
      if (status === 202) tally.accepted.push(...events.map(({ id }) => id));
      else tally.refused += events.length;
    }
    await sleep(BATCH_EVERY_MS);
  }
}

/** Rotates one ring again and again, twice at once now and then; the customer deploys the new secret some time later. */
async function rotateUntil(
  api: ReturnType<typeof createApi>,
  tally: Tally,
  endpoint: { id: string; customer: Customer },
  until: number,
): Promise<void> {
  await sleep(Math.random() * 1_000);
  while (Date.now() < until - GRACE_SECONDS * 1_000) {
    const both = await Promise.all([api.rotate(endpoint.id, GRACE_SECONDS), api.rotate(endpoint.id, GRACE_SECONDS)]);
    for (const outcome of both) {
      if (outcome === 'refused') {
        tally.refusedRotations += 1;
        continue;
      }
      tally.rotations += 1;
      const share = DEPLOY_FROM + Math.random() * (DEPLOY_TO - DEPLOY_FROM);
      await sleep(share * GRACE_SECONDS * 1_000);
      endpoint.customer.deploy(outcome.secret);
      await sleep(Math.max(0, outcome.expiresAt - Date.now()) + 500 + Math.random() * 500);
    }
  }
}

async function drained(tally: Tally, customers: readonly Customer[]): Promise<void> {
  const deadline = Date.now() + DRAIN_TIMEOUT_MS;
  while (Date.now() < deadline && customers.some(({ received }) => received.size < tally.accepted.length))
    await sleep(100);
}

function lineOf(tally: Tally, customers: readonly Customer[], started: number): string {
  const delivered = customers.reduce((sum, { received }) => sum + received.size, 0);
  const retried = customers.reduce((sum, { counts }) => sum + counts.refusedOnPurpose, 0);
  const rejected = customers.reduce((sum, { counts }) => sum + counts.rejected, 0);
  const { p50, p99 } = percentiles(customers);
  const elapsed = ((Date.now() - started) / 1_000).toFixed(0).padStart(3);
  return `${elapsed} s  accepted ${tally.accepted.length}  delivered ${delivered}  retried ${retried}  rotations ${tally.rotations}  rejected ${rejected}  p50 ${p50} ms  p99 ${p99} ms`;
}

function verdict(tally: Tally, customers: readonly Customer[], seconds: number): number {
  const sum = (pick: (customer: Customer) => number) =>
    customers.reduce((total, customer) => total + pick(customer), 0);
  const lost = sum(({ received }) => tally.accepted.filter((id) => !received.has(id)).length);
  const rejected = sum(({ counts }) => counts.rejected);
  const result = {
    seconds,
    accepted: tally.accepted.length,
    expected: tally.accepted.length * customers.length,
    delivered: sum(({ received }) => received.size),
    retried: sum(({ counts }) => counts.refusedOnPurpose),
    repeated: sum(({ counts }) => counts.repeated),
    refused: tally.refused,
    rotations: tally.rotations,
    refusedRotations: tally.refusedRotations,
    rejected,
    lost,
    latencyMs: percentiles(customers),
    passed: rejected === 0 && lost === 0 && tally.rotations > 0 && tally.accepted.length > 0,
  };
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } else {
    say(
      `\nEvents accepted ${result.accepted}, deliveries owed ${result.expected}, delivered ${result.delivered}, failed on purpose and retried ${result.retried}.`,
    );
    say(
      `Rotations ${result.rotations}; of two at once, refused because a window was open: ${result.refusedRotations}.`,
    );
    say(
      `Rejected signatures ${rejected}, lost deliveries ${lost}, arrived twice ${result.repeated}. Latency p50 ${result.latencyMs.p50} ms, p99 ${result.latencyMs.p99} ms.`,
    );
    const reason = customers.find(({ firstRejection }) => firstRejection !== null)?.firstRejection;
    if (reason !== undefined && reason !== null) say(`The first rejection said: ${reason}`);
    say(result.passed ? '\nPASS: nothing rejected, nothing lost.' : '\nFAIL');
  }
  return result.passed ? 0 : 1;
}

function percentiles(customers: readonly Customer[]): { p50: number; p99: number } {
  const all = customers.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** One line that redraws itself on a terminal, and a line every five seconds elsewhere. */
function liveLine(text: () => string): { stop(): void } {
  if (flags.json) return { stop() {} };
  const { isTTY } = process.stdout;
  const draw = () => process.stdout.write(isTTY ? `\r\u001b[2K${text()}` : `${text()}\n`);
  const timer = setInterval(draw, isTTY ? 500 : 5_000);
  return {
    stop() {
      clearInterval(timer);
      draw();
      if (isTTY) process.stdout.write('\n');
    },
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    process.stderr.write(`--${name} takes a number above 0, not "${text}"\n`);
    process.exit(2);
  }
  return value;
}

function say(text: string): void {
  if (!flags.json) process.stdout.write(`${text}\n`);
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

process.exitCode = await main();
