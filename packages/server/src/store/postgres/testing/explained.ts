import { Client } from 'pg';

/** One node of a plan, as it ran. */
export type PlanNode = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly 'Actual Rows'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
};
export type Explained = { readonly name: string; readonly plan: PlanNode };

const SETTINGS = [
  "session_preload_libraries = 'auto_explain'",
  'auto_explain.log_min_duration = 0',
  "auto_explain.log_format = 'json'",
  "auto_explain.log_level = 'notice'",
  'auto_explain.log_analyze = on',
  'auto_explain.log_timing = off',
  'jit = off',
];

/** From the next connection on, the server tells every plan to the client that had it run. `more`: settings beside. */
export async function tellPlans(url: string, more: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const database = new URL(url).pathname.slice(1);
  for (const setting of [...SETTINGS, ...more]) await client.query(`ALTER DATABASE ${database} SET ${setting}`);
  await client.end();
}

/** Behind a pooler statements have no names: then those count that they had without one. */
const nameOf = new Map<string, string>();

/**
 * Collects the plans of all statements that this process sends, as they ran with their values and on their connections:
 * whoever wrote them, and whether or not they were meant to be looked at.
 */
export type Collection = {
  readonly plans: readonly Explained[];
  /** The next statement of that name is run, but its answer is lost with the connection. */
  loseAnswer(name: string): void;
  stop(): void;
};

export function collectPlans(): Collection {
  const plans: Explained[] = [];
  const lost = new Set<string>();
  // The driver has no place where one could listen to all connections.
  const [emit, query] = [methodOf('emit'), methodOf('query')];
  setMethod('emit', function (this: Client, ...args) {
    if (args[0] === 'notice') collect(args[1]);
    return Reflect.apply(emit, this, args);
  });
  setMethod('query', function (this: Client, ...args) {
    const [config] = args;
    if (isNamed(config)) nameOf.set(config.text, config.name);
    const name = isStatement(config) ? nameOf.get(config.text) : undefined;
    const callback = args.at(-1);
    if (name !== undefined && typeof callback === 'function' && lost.delete(name)) {
      args[args.length - 1] = () => callback(lostConnection());
    }
    return Reflect.apply(query, this, args);
  });

  function collect(notice: unknown): void {
    const message = notice instanceof Error || isMessage(notice) ? notice.message : '';
    const [, json] = /^duration: \S+ ms {2}plan:\n(.*)$/s.exec(message) ?? [];
    if (json === undefined) return;
    const told = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    plans.push({ name: nameOf.get(told['Query Text']) ?? told['Query Text'], plan: told.Plan });
  }

  return {
    plans,
    loseAnswer: (name) => void lost.add(name),
    stop() {
      setMethod('emit', emit);
      setMethod('query', query);
    },
  };
}

type Method = (this: Client, ...args: unknown[]) => unknown;

function methodOf(name: 'emit' | 'query'): Method {
  return Reflect.get(Client.prototype, name) as Method; // Both have overloads that pass on what they are given.
}

function setMethod(name: 'emit' | 'query', method: Method): void {
  Reflect.set(Client.prototype, name, method);
}

function lostConnection(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** The nodes that did something. */
export function ranNodes(node: PlanNode): readonly PlanNode[] {
  const below = (node.Plans ?? []).flatMap(ranNodes);
  return (node['Actual Loops'] ?? 0) > 0 ? [node, ...below] : below;
}

function isNamed(value: unknown): value is { name: string; text: string } {
  return isStatement(value) && 'name' in value && typeof value.name === 'string';
}

function isStatement(value: unknown): value is { text: string } {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string';
}

function isMessage(value: unknown): value is { message: string } {
  return typeof value === 'object' && value !== null && 'message' in value;
}
