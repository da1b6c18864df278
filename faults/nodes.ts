import { type ServerProcess, startServer } from '../testbed/server-process.ts';

export type Role = 'all' | 'api' | 'worker';

export type NodePlan = {
  readonly role: Role;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that becomes the server, such as one that enters a namespace first. */
  readonly prefix?: readonly string[];
  /** How it reaches PostgreSQL; straight unless it says otherwise. */
  readonly database?: (port: number) => Promise<{ readonly host: string; readonly port: number }>;
};

/** On a busy machine a start may take longer than anybody waits for it. */
const START_TRIES_MAX = 3;

/** A server in a process of its own, which is killed, frozen and started again while others go on. */
export class Node {
  readonly name: string;
  readonly role: Role;
  #server: ServerProcess;
  #running = true;

  private constructor(name: string, role: Role, server: ServerProcess) {
    this.name = name;
    this.role = role;
    this.#server = server;
  }

  static async start(
    name: string,
    plan: NodePlan,
    environment: Readonly<Record<string, string>>,
    onLog: (text: string) => void,
  ): Promise<Node> {
    const prefix = plan.prefix === undefined ? {} : { prefix: plan.prefix };
    const server = await startServer({ ...environment, ...plan.environment }, { onLog, ...prefix });
    return new Node(name, plan.role, server);
  }

  get url(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  get databasePath(): string {
    return this.#server.databasePath;
  }

  /** Load goes only to nodes that could answer. */
  get isRunning(): boolean {
    return this.#running;
  }

  get takesEvents(): boolean {
    return this.role !== 'worker';
  }

  /** The end of a power cut: no handler runs. */
  async kill(): Promise<void> {
    this.#running = false;
    await this.#server.kill();
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#server = await this.#server.restart();
        this.#running = true;
        return;
      } catch (error) {
        if (tries === START_TRIES_MAX) throw error;
      }
    }
  }

  /** Every thread of it stands still; its sockets stay open. */
  freeze(): void {
    process.kill(-this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(-this.pid, 'SIGCONT');
  }

  log(): string {
    return this.#server.log();
  }

  async remove(): Promise<void> {
    await this.#server.remove();
  }
}
