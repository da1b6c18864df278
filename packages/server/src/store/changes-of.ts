import type { Endpoint } from '../domain/endpoint.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { Change, Command } from './port.ts';

/**
 * What applied commands changed, for memory. `woken` are endpoints whose waiting deliveries are due again;
 * `versionOf` is asked for the version of the endpoints of an organization with this change, where the store keeps one.
 */
export function changesOf(
  commands: readonly Command[],
  woken: readonly EndpointId[],
  versionOf: (endpoint: Endpoint) => number | null = () => null,
): Change[] {
  const changes: Change[] = [];
  for (const command of commands) {
    const change = changeOf(command, versionOf);
    if (change !== null) changes.push(change);
  }
  for (const endpointId of woken) changes.push({ kind: 'queued', endpointId });
  return changes;
}

function changeOf(command: Command, versionOf: (endpoint: Endpoint) => number | null): Change | null {
  switch (command.kind) {
    case 'organization.insert':
    case 'organization.put':
      return { kind: 'organization', organization: command.organization };
    case 'endpoint.insert':
      return {
        kind: 'endpoint',
        endpoint: command.endpoint,
        healthReset: false,
        endpointsVersion: versionOf(command.endpoint),
      };
    case 'endpoint.put':
      return {
        kind: 'endpoint',
        endpoint: command.endpoint,
        healthReset: command.resetHealth,
        endpointsVersion: versionOf(command.endpoint),
      };
    case 'keyring.insert':
    case 'keyring.put':
      return { kind: 'keyring', ring: command.ring };
    case 'apiKey.insert':
      return { kind: 'apiKey', id: command.apiKey.id };
    case 'apiKey.revoke':
      return { kind: 'apiKey', id: command.id };
    case 'endpoint.expect':
    case 'keyring.expect':
    case 'delivery.insert':
    case 'event.erase':
    case 'endpoint.wake':
    case 'endpoint.defer':
    case 'serviceKey.put':
    case 'idempotency.insert':
    case 'audit.append':
      return null;
  }
}
