import type { Command } from '../../port.ts';
import type { CellReader } from '../cells.ts';
import { ALL_APPLIED } from '../wire/rare.ts';
import { createInsertDeliveries } from './commands-deliveries.ts';
import { createEndpointCommands } from './commands-endpoints.ts';
import { createKeyringCommands } from './commands-keyrings.ts';
import { createOrganizationCommands } from './commands-organizations.ts';
import type { AnswerBuilder, WriteContext } from './context.ts';
import { createEraseEvent } from './erase-event.ts';
import { createInsertIdempotency } from './idempotency.ts';

/** Applies a list of commands: all of them, or none when one does not fit. */
export function createApply(context: WriteContext): (cells: CellReader, answer: AnswerBuilder) => void {
  const { db, directory } = context;
  const organizations = createOrganizationCommands(context);
  const endpoints = createEndpointCommands(context);
  const keyrings = createKeyringCommands(context);
  const insertDeliveries = createInsertDeliveries(context);
  const eraseEvent = createEraseEvent(context);
  const idempotency = createInsertIdempotency(db);

  function applyOne(command: Command, woken: Set<string>): boolean {
    switch (command.kind) {
      case 'organization.insert':
        return organizations.insert(command.organization);
      case 'organization.put':
        return organizations.put(command.organization, command.expectedVersion);
      case 'endpoint.insert':
        return endpoints.insert(command.endpoint);
      case 'endpoint.put': {
        const result = endpoints.put(command.endpoint, command.expectedVersion, command.resetHealth);
        if (result === 'woken') woken.add(command.endpoint.id);
        return result !== 'conflict';
      }
      case 'endpoint.expect':
        return endpoints.has(command.endpointId, command.version);
      case 'endpoint.wake':
        if (endpoints.wake(command.endpointId)) woken.add(command.endpointId);
        return true;
      case 'endpoint.defer':
        endpoints.defer(command.endpointId, command.dueAt);
        return true;
      case 'keyring.insert':
        return keyrings.insert(command.ring);
      case 'keyring.put':
        return keyrings.put(command.ring, command.retired, command.expectedVersion);
      case 'keyring.expect':
        return keyrings.has(command.owner, command.version);
      case 'apiKey.insert':
        return organizations.insertApiKey(command.apiKey);
      case 'apiKey.revoke':
        return organizations.revokeApiKey(command.id, command.at);
      case 'delivery.insert':
        for (const { endpointId } of command.deliveries) woken.add(endpointId);
        return insertDeliveries(command.deliveries, command.once === true);
      case 'event.erase':
        return eraseEvent(command.organizationId, command.eventKey, command.at);
      case 'serviceKey.put':
        return organizations.putServiceKey(command.name, command.sealed, command.replaces);
      case 'idempotency.insert':
        if (idempotency.isTaken(command.row)) return false;
        idempotency.insert(command.row);
        return true;
      case 'audit.append':
        organizations.appendAudit(command.row);
        return true;
    }
  }

  return function apply(cells, answer) {
    // Written by the codec of this unit in this process.
    const commands = JSON.parse(cells.text()) as readonly Command[];
    const woken = new Set<string>();
    db.exec('SAVEPOINT commands');
    const conflict = commands.findIndex((command) => !applyOne(command, woken));
    if (conflict === ALL_APPLIED) {
      db.exec('RELEASE commands');
      answer.cells.push(ALL_APPLIED, woken.size, ...woken);
    } else {
      db.exec('ROLLBACK TO commands; RELEASE commands');
      directory.forget();
      answer.cells.push(conflict, 0);
    }
  };
}
