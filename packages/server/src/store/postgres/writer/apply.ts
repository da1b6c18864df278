import type { EndpointId } from '../../../domain/ids.ts';
import { changesOf } from '../../changes-of.ts';
import type { Applied, Change, Command, Incarnation, ResealUnit } from '../../port.ts';
import type { Transaction } from '../database.ts';
import type { GivenTime } from '../database-time.ts';
import { insertDeliveries } from './commands-deliveries.ts';
import { hasEndpoint, holdEndpoints, insertEndpoint, putDue, putEndpoint, resetHealth } from './commands-endpoints.ts';
import { hasKeyring, holdKeyrings, insertKeyring, putKeyring } from './commands-keyrings.ts';
import {
  appendAudit,
  insertApiKey,
  insertOrganization,
  putOrganization,
  putServiceKey,
  revokeApiKey,
} from './commands-organizations.ts';
import { type CommitOptions, CommitTooLate, commitChanges, EndpointsChanged } from './commit-changes.ts';
import { eraseEvent } from './erase-event.ts';
import { insertIdempotency } from './idempotency.ts';
import { reseal } from './reseal.ts';
import { type TransactTools, transact } from './transact.ts';

export type ApplyContext = TransactTools & {
  readonly time: GivenTime;
  readonly incarnation: () => Incarnation;
};

/** What was committed, for memory; `numbers` and `times` are those of the changes, in order. */
export type Committed<T> = {
  readonly answer: T;
  readonly changes: readonly Change[];
  readonly numbers: readonly number[];
  readonly times: readonly number[];
};

/** A command did not fit: the transaction ends as if nothing had been in it. */
class DoesNotFit extends Error {
  readonly command: Command['kind'];
  constructor(command: Command['kind']) {
    super(`the command ${command} does not fit`);
    this.command = command;
  }
}

const UNIQUE_VIOLATION = '23505';

/**
 * Applies a list of commands in one transaction: all of them, or none when one does not fit.
 *
 * Rows are locked in one order, here and by the statements of deliveries: endpoints, by number; rings, by owner; what else
 * the commands name; deliveries that wait; the index of endpoints, by number; their health, by number; organizations, by id;
 * the counter of changes last. What gets in another's way all the same (an organization that is changed together with its
 * endpoints, say) ends as a deadlock, of which the server ends one side, which then runs again.
 */
export async function apply(
  context: ApplyContext,
  commands: readonly Command[],
  { notAfter = null, endpointsOf = null }: Partial<Pick<CommitOptions, 'notAfter' | 'endpointsOf'>> = {},
): Promise<Committed<Applied>> {
  const { time, incarnation } = context;
  try {
    return await transact(context, async (transaction) => {
      const woken = await applyAll(transaction, commands, incarnation());
      const changes = changesOf(commands, woken);
      const committed = await commitChanges(transaction, changes, { notAfter, endpointsOf, now: time() });
      return {
        answer: { kind: 'applied' },
        changes: withVersions(changes, committed.endpointsVersions),
        numbers: committed.numbers,
        times: committed.times,
      };
    });
  } catch (error) {
    if (error instanceof DoesNotFit) return nothing({ kind: 'conflict', command: error.command });
    if (error instanceof CommitTooLate) return nothing({ kind: 'late' });
    if (error instanceof EndpointsChanged) return nothing({ kind: 'conflict', command: 'endpoint.put' });
    throw error;
  }
}

/** Replaces sealed texts; tells of each ring whose secrets must be read again. */
export async function applyReseal(
  context: ApplyContext,
  unit: ResealUnit,
): Promise<Committed<{ readonly changed: number }>> {
  return await transact(context, async (transaction) => {
    const { changed, owners } = await reseal(transaction, unit);
    const changes = owners.map((owner): Change => ({ kind: 'resealed', owner }));
    const { numbers, times } = await commitChanges(transaction, changes, { notAfter: null, now: context.time() });
    return { answer: { changed }, changes, numbers, times };
  });
}

function nothing<T>(answer: T): Committed<T> {
  return { answer, changes: [], numbers: [], times: [] };
}

/** Answers the endpoints whose waiting deliveries are due again. */
async function applyAll(
  transaction: Transaction,
  commands: readonly Command[],
  incarnation: Incarnation,
): Promise<EndpointId[]> {
  const queued = new Set<EndpointId>();
  const toWake = new Set<EndpointId>();
  const toReset = new Set<EndpointId>();
  const toDefer = new Map<EndpointId, number>();
  await holdAll(transaction, commands);
  for (const command of commands) {
    switch (command.kind) {
      case 'delivery.insert':
        for (const { endpointId } of command.deliveries) queued.add(endpointId);
        await mustFit(command, insertDeliveries(transaction, command.deliveries, command.once === true));
        break;
      case 'endpoint.put': {
        const result = await putEndpoint(transaction, command.endpoint, command.expectedVersion);
        if (result === 'conflict') throw new DoesNotFit(command.kind);
        if (result === 'resumed') toWake.add(command.endpoint.id);
        if (command.resetHealth) toReset.add(command.endpoint.id);
        break;
      }
      case 'endpoint.wake':
        toWake.add(command.endpointId);
        break;
      case 'endpoint.defer':
        toDefer.set(command.endpointId, command.dueAt);
        break;
      default:
        await mustFit(command, applyOne(transaction, command));
    }
  }
  const woken = await putDue(transaction, new Set([...toWake, ...queued]), toDefer, incarnation);
  await resetHealth(transaction, toReset);
  return [...new Set([...queued, ...woken])];
}

/** Of one thing the change itself is the first to hold it. */
async function holdAll(transaction: Transaction, commands: readonly Command[]): Promise<void> {
  const endpoints = commands.flatMap((command) => {
    if (command.kind === 'endpoint.put') return [command.endpoint.id];
    return command.kind === 'endpoint.expect' ? [command.endpointId] : [];
  });
  const rings = commands.flatMap((command) => {
    if (command.kind === 'keyring.put') return [command.ring.owner];
    return command.kind === 'keyring.expect' ? [command.owner] : [];
  });
  if (endpoints.length + rings.length < 2) return;
  if (endpoints.length > 0) await holdEndpoints(transaction, endpoints);
  if (rings.length > 0) await holdKeyrings(transaction, rings);
}

async function mustFit(command: Command, applied: Promise<boolean>): Promise<void> {
  try {
    if (await applied) return;
  } catch (error) {
    // Another name for the same: a unique key is taken.
    if (!isUniqueViolation(error)) throw error;
  }
  throw new DoesNotFit(command.kind);
}

function isUniqueViolation(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === UNIQUE_VIOLATION;
}

type PlainCommand = Exclude<
  Command,
  { readonly kind: 'delivery.insert' | 'endpoint.put' | 'endpoint.wake' | 'endpoint.defer' }
>;

async function applyOne(transaction: Transaction, command: PlainCommand): Promise<boolean> {
  switch (command.kind) {
    case 'organization.insert':
      return await insertOrganization(transaction, command.organization);
    case 'organization.put':
      return await putOrganization(transaction, command.organization, command.expectedVersion);
    case 'endpoint.insert':
      return await insertEndpoint(transaction, command.endpoint);
    case 'endpoint.expect':
      return await hasEndpoint(transaction, command.endpointId, command.version);
    case 'keyring.insert':
      return await insertKeyring(transaction, command.ring);
    case 'keyring.put':
      return await putKeyring(transaction, command.ring, command.retired, command.expectedVersion);
    case 'keyring.expect':
      return await hasKeyring(transaction, command.owner, command.version);
    case 'apiKey.insert':
      return await insertApiKey(transaction, command.apiKey);
    case 'apiKey.revoke':
      return await revokeApiKey(transaction, command.id, command.at);
    case 'event.erase':
      return await eraseEvent(transaction, command.organizationId, command.eventKey, command.at);
    case 'serviceKey.put':
      return await putServiceKey(transaction, command.name, command.sealed, command.replaces);
    case 'idempotency.insert':
      return await insertIdempotency(transaction, command.row);
    case 'audit.append':
      await appendAudit(transaction, command.row);
      return true;
  }
}

/** The same changes with the versions that the commit gave to the endpoints of their organizations. */
function withVersions(changes: readonly Change[], versions: readonly (number | null)[]): Change[] {
  return changes.map((change, index) =>
    change.kind === 'endpoint' ? { ...change, endpointsVersion: versions[index] ?? null } : change,
  );
}
