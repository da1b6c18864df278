import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../bench/figures.ts';
import { Caller } from './caller.ts';
import { Customer } from './customer.ts';
import type { Stage, StoreKind } from './fault.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { Node, type NodePlan } from './nodes.ts';
import { Postgres } from './postgres.ts';
import { Rotations } from './rotations.ts';

/** A customer with its endpoint, what it was given, and who rotates its secrets. */
export type Account = {
  readonly customer: Customer;
  readonly endpointId: string;
  readonly ledger: Ledger;
  readonly rotations: Rotations;
  /** Its creation was answered: events that are sent from now on reach it. */
  readonly since: number;
};

/** Something was broken from `from` until `until`, in milliseconds. */
export type Blow = { readonly from: number; until: number };

/** Events go to one, two or all of them. */
const SUBSCRIPTIONS: readonly (readonly string[])[] = [
  ['fault.one', 'fault.all'],
  ['fault.two', 'fault.all'],
  ['fault.two', 'fault.all'],
  ['fault.all'],
];
const TYPES = ['fault.one', 'fault.two', 'fault.all'];
const PER_SECOND = 60;
/** How far the clocks of nodes may be apart, by the product's own promise; one node on SQLite has one clock. */
const CLOCK_MARGIN_MS: Readonly<Record<StoreKind, number>> = { sqlite: 0, postgres: 100 };
const SEND_DEADLINE_SECONDS = 2;
const SETTINGS = {
  HOOKRING_RETRY_SCHEDULE: '1,1,1,1,1,2,2,2,2,2,4,4,4,4,4,8,8,8,8,8,8,8,8,8',
  HOOKRING_SEND_DEADLINE_SECONDS: String(SEND_DEADLINE_SECONDS),
};

/** All that one row of the matrix needs: servers, database, customers and load, each of them real. */
export class Scene {
  readonly store: StoreKind;
  /** A row of `npm test`: seconds. */
  readonly isShort: boolean;
  readonly nodes: readonly Node[];
  readonly postgres: Postgres | null;
  readonly accounts: Account[] = [];
  /** Also of endpoints that could not be made. */
  readonly #customers: Customer[] = [];
  readonly blows: Blow[] = [];
  /** What must never be, in words. */
  readonly violations: string[] = [];
  readonly notes: string[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  readonly #signal: AbortSignal;
  readonly #caller: Caller;
  readonly #receiverHost: string;
  readonly #beforeCounting: (() => void)[] = [];
  #load: Load | null = null;
  #healedAt: number | null = null;

  private constructor(parts: {
    store: StoreKind;
    isShort: boolean;
    nodes: readonly Node[];
    postgres: Postgres | null;
    key: string;
    signal: AbortSignal;
    receiverHost: string;
  }) {
    this.store = parts.store;
    this.isShort = parts.isShort;
    this.nodes = parts.nodes;
    this.postgres = parts.postgres;
    this.#signal = parts.signal;
    this.#caller = new Caller(parts.key);
    this.#receiverHost = parts.receiverHost;
  }

  static async open(options: {
    store: StoreKind;
    isShort: boolean;
    stage: Stage;
    onLog: (node: string, text: string) => void;
    signal: AbortSignal;
  }): Promise<Scene> {
    const { store, isShort, stage, onLog, signal } = options;
    const key = `faults-${crypto.randomUUID()}${crypto.randomUUID()}`;
    const postgres = store === 'postgres' ? await Postgres.make(postgresOptions(stage)) : null;
    const nodes: Node[] = [];
    try {
      const environment = {
        ...SETTINGS,
        ...(stage.sqliteFolder === undefined
          ? {}
          : { HOOKRING_DATABASE_URL: `sqlite:${stage.sqliteFolder}/hookring.db` }),
        HOOKRING_MASTER_KEY: randomBytes(32).toString('base64'),
        ...stage.environment,
        HOOKRING_BOOTSTRAP_KEY: key,
      };
      const plans: readonly NodePlan[] = stage.nodes ?? [{ role: 'all' }];
      const starting = plans.map(async (plan, index) => {
        const place = postgres === null ? {} : await placeOf(plan, postgres);
        const name = `${plan.role}-${index + 1}`;
        nodes.push(await Node.start(name, plan, { ...environment, ...place }, (text) => onLog(name, text)));
      });
      const started = await Promise.allSettled(starting);
      const failed = started.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
      const receiverHost = stage.receiverHost ?? '127.0.0.1';
      return new Scene({ store, isShort, nodes, postgres, key, signal, receiverHost });
    } catch (error) {
      for (const node of nodes) await node.remove();
      await postgres?.remove();
      throw error;
    }
  }

  /** Those that every row has. */
  async addCustomers(): Promise<void> {
    for (const types of SUBSCRIPTIONS) await this.addCustomer(types);
  }

  /** Registers an endpoint with a receiver of its own, whose secrets are rotated from now on. */
  async addCustomer(
    types: readonly string[],
    options: { readonly host?: string; readonly address?: string } = {},
  ): Promise<Account> {
    const customer = await Customer.start({ types, host: this.#receiverHost, ...options });
    this.#customers.push(customer);
    const created = await this.call('POST', '/v1/endpoints', { url: customer.url, eventTypes: types });
    const { endpoint, secret } = created as { endpoint: { id: string }; secret: { value: string } }; // The contract's answer.
    const ledger = new Ledger(secret.value, CLOCK_MARGIN_MS[this.store]);
    const caller = this.#caller;
    const rotations = new Rotations({ caller, nodes: () => this.nodes, endpointId: endpoint.id, ledger });
    const account: Account = { customer, endpointId: endpoint.id, ledger, rotations, since: Date.now() };
    this.accounts.push(account);
    return account;
  }

  /** One more customer, of all events, whose receiver is to behave badly. */
  async addHostile(): Promise<Account> {
    return await this.addCustomer(TYPES);
  }

  /** Asks the first node that runs; for what must work. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const node = this.nodes.find(({ takesEvents, isRunning }) => takesEvents && isRunning);
    const called = await this.#caller.call(node?.url ?? '', { method, path, body });
    if (called === 'no_answer') throw new Error(`${method} ${path} was not answered`);
    if (called.status > 299)
      throw new Error(`${method} ${path} answered ${called.status} ${JSON.stringify(called.json)}`);
    return called.json;
  }

  /** How long receivers and load, which share this process, stood still at most. */
  get stalledMs(): number {
    return this.#delay.max / 1e6;
  }

  startLoad(): void {
    this.#delay.enable();
    this.#load = new Load({ caller: this.#caller, nodes: () => this.nodes, types: TYPES, perSecond: PER_SECOND });
    this.#load.start();
  }

  get load(): Load {
    if (this.#load === null) throw new Error('no load was started');
    return this.#load;
  }

  /** From now on something is broken. */
  strike(): void {
    const now = Date.now();
    this.blows.push({ from: now, until: now });
    this.#healedAt = null;
  }

  /** All is undone: what follows is recovery. */
  heal(): void {
    this.#healedAt = Date.now();
    const blow = this.blows.at(-1);
    if (blow !== undefined) blow.until = this.#healedAt;
  }

  get healedAt(): number {
    return this.#healedAt ?? Date.now();
  }

  /** Lets load and fault go on; in the short form for a part of the time. */
  async hold(ms: number, shortMs: number = ms / 4): Promise<void> {
    await this.pause(this.isShort ? shortMs : ms);
  }

  /** From the request of an event until its delivery was taken, while something was broken. */
  latencyMs(share: number, of: (account: Account) => boolean): number {
    const found: number[] = [];
    for (const { customer } of this.accounts.filter(of)) {
      for (const { id, sentAt } of this.load.accepted.values()) {
        const takenAt = customer.taken.get(id);
        const isMeanwhile = this.blows.some(({ from, until }) => sentAt >= from && sentAt <= until);
        if (takenAt !== undefined && isMeanwhile) found.push(takenAt - sentAt);
      }
    }
    return percentile(
      found.sort((a, b) => a - b),
      share,
    );
  }

  /** Rejects when the whole run is to end. */
  async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#signal });
  }

  /** Deliveries that receivers took around the beginning of a blow. */
  takenAround({ beforeMs, afterMs }: { readonly beforeMs: number; readonly afterMs: number }): number {
    let count = 0;
    for (const { customer } of this.accounts) {
      for (const { takenAt } of customer.arrivals) {
        const isNear = this.blows.some(
          ({ from }) => (takenAt ?? 0) >= from - beforeMs && (takenAt ?? 0) <= from + afterMs,
        );
        if (takenAt !== null && isNear) count += 1;
      }
    }
    return count;
  }

  /** Before anything is counted. */
  onCounting(step: () => void): void {
    this.#beforeCounting.push(step);
  }

  counting(): void {
    for (const step of this.#beforeCounting) step();
  }

  async close(): Promise<void> {
    this.#delay.disable();
    this.#load?.abandon();
    for (const { rotations } of this.accounts) rotations.abandon();
    this.#caller.close();
    await Promise.all(this.nodes.map(async (node) => await node.remove()));
    for (const customer of this.#customers) await customer.stop();
    await this.postgres?.remove();
  }
}

function postgresOptions({ postgresFolder, postgresFlags, postgresAccess }: Stage) {
  return {
    ...(postgresFolder === undefined ? {} : { folder: postgresFolder }),
    ...(postgresFlags === undefined ? {} : { flags: postgresFlags }),
    ...(postgresAccess === undefined ? {} : { access: postgresAccess }),
  };
}

async function placeOf(plan: NodePlan, postgres: Postgres): Promise<Readonly<Record<string, string>>> {
  const at = await plan.database?.(postgres.port);
  return { HOOKRING_DATABASE_URL: postgres.url(at?.host, at?.port), HOOKRING_ROLE: plan.role };
}
