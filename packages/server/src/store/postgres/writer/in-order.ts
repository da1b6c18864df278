import type { Command } from '../../port.ts';

/**
 * Runs work one after the other where it is about the same things, in the order in which it came, and side by side where
 * it is not. So changes of one thing that are submitted here never wait for each other inside the database.
 */
export class InOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(subjects: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
    const before = [...subjects].flatMap((subject) => this.#last.get(subject) ?? []);
    const running = Promise.allSettled(before).then(work);
    for (const subject of subjects) this.#last.set(subject, running);
    try {
      return await running;
    } finally {
      for (const subject of subjects) if (this.#last.get(subject) === running) this.#last.delete(subject);
    }
  }
}

/** What commands are about. Inserts of what nobody knows yet are about nothing. */
export function subjectsOf(commands: readonly Command[]): Set<string> {
  const subjects = new Set<string>();
  for (const command of commands) for (const subject of subjectsOfOne(command)) subjects.add(subject);
  return subjects;
}

function subjectsOfOne(command: Command): readonly string[] {
  switch (command.kind) {
    case 'organization.insert':
    case 'organization.put':
      return [command.organization.id];
    case 'endpoint.insert':
    case 'endpoint.put':
      return [command.endpoint.id];
    case 'keyring.insert':
    case 'keyring.put':
      return [`ring ${command.ring.owner}`];
    case 'keyring.expect':
      return [`ring ${command.owner}`];
    case 'apiKey.insert':
      return [command.apiKey.id];
    case 'apiKey.revoke':
      return [command.id];
    case 'delivery.insert':
      return command.deliveries.flatMap(({ endpointId, eventKey }) => [endpointId, eventKey]);
    case 'event.erase':
      return [command.eventKey];
    case 'endpoint.expect':
    case 'endpoint.wake':
    case 'endpoint.defer':
      return [command.endpointId];
    case 'serviceKey.put':
      return [`service ${command.name}`];
    case 'idempotency.insert':
      return [`request ${command.row.principal} ${command.row.route} ${command.row.key}`];
    case 'audit.append':
      return [];
  }
}
