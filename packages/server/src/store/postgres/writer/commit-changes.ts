import { DatabaseError, escapeLiteral } from 'pg';
import type { OrganizationId } from '../../../domain/ids.ts';
import { number, numberOrNull } from '../../cells.ts';
import type { ApplyOptions, Change } from '../../port.ts';
import type { Transaction } from '../database.ts';
import { nowMsText } from '../database-time.ts';

export type CommitOptions = {
  readonly notAfter: number | null;
  readonly endpointsOf?: ApplyOptions['endpointsOf'] | null;
  /** The time that goes by; null: the database's own. */
  readonly now: number | null;
};

/** The numbers of what was committed, and the version of the endpoints with each change of one, in the order of changes. */
export type CommittedChanges = {
  readonly numbers: readonly number[];
  /** When the database says that each was made. */
  readonly times: readonly number[];
  readonly endpointsVersions: readonly (number | null)[];
};

export const CHANGES_CHANNEL = 'hookring_changes';

/** What the server says when a commit would be too late. */
const LATE = 'HK001';

/** What the server says when others changed the endpoints that a commit was decided by. */
const ENDPOINTS_CHANGED = 'HK002';

/** The organization has other endpoints than those that the commands were decided by; nothing was applied. */
export class EndpointsChanged extends Error {}

/** It was past the time after which the commands must not be applied; nothing was. */
export class CommitTooLate extends Error {}

/**
 * Ends a transaction with what other nodes must know of it. The versions of organizations, in order, then the one counter
 * are the last rows that it locks, and everything goes with the commit in one message: whatever becomes of this process,
 * the counter is never held for longer than the database needs, and numbers are given in the order of commits.
 */
export async function commitChanges(
  transaction: Transaction,
  changes: readonly Change[],
  { notAfter, now, endpointsOf = null }: CommitOptions,
): Promise<CommittedChanges> {
  const told = changes.map(rowOf);
  const statements: string[] = [];
  const perOrganization = countEndpoints(told);
  for (const [organization, count] of [...perOrganization].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    statements.push(
      `UPDATE organizations SET endpoints_version = endpoints_version + ${count} WHERE id = ${escapeLiteral(organization)}`,
    );
  }
  if (endpointsOf !== null) {
    statements.push(refuseUnless(endpointsOf, perOrganization.get(endpointsOf.organizationId) ?? 0));
  }
  const insertAt = statements.length;
  if (told.length > 0) statements.push(insertChanges(told, now), `SELECT pg_notify('${CHANGES_CHANNEL}', '')`);
  if (notAfter !== null) statements.push(refuseAfter(notAfter, now));
  const answers = await commitInTime(transaction, statements);
  const rows = told.length === 0 ? [] : (answers[insertAt] ?? []);
  const byNumber = rows
    .map((row) => [number(row[0]), numberOrNull(row[1]), number(row[2])] as const)
    .toSorted(([a], [b]) => a - b);
  return {
    numbers: byNumber.map(([one]) => one),
    times: byNumber.map(([, , at]) => at),
    endpointsVersions: byNumber.map(([, version]) => version),
  };
}

async function commitInTime(transaction: Transaction, statements: readonly string[]) {
  try {
    return await transaction.commitWith(statements);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === LATE) throw new CommitTooLate();
    if (error instanceof DatabaseError && error.code === ENDPOINTS_CHANGED) throw new EndpointsChanged();
    throw error;
  }
}

type ChangeRow = {
  readonly kind: string;
  readonly subject: string;
  readonly organization: OrganizationId | null;
  readonly healthReset: boolean;
};

function rowOf(change: Change): ChangeRow {
  const row = { kind: change.kind, organization: null, healthReset: false };
  switch (change.kind) {
    case 'organization':
      return { ...row, subject: change.organization.id };
    case 'endpoint': {
      const { endpoint, healthReset } = change;
      return { ...row, subject: endpoint.id, organization: endpoint.organizationId, healthReset };
    }
    case 'keyring':
      return { ...row, subject: change.ring.owner };
    case 'resealed':
      return { ...row, subject: change.owner };
    case 'apiKey':
      return { ...row, subject: change.id };
    case 'queued':
      return { ...row, subject: change.endpointId };
    case 'due':
    case 'everything':
      throw new Error(`a change of the kind ${change.kind} is of no commit`);
  }
}

function countEndpoints(rows: readonly ChangeRow[]): Map<OrganizationId, number> {
  const counts = new Map<OrganizationId, number>();
  for (const { organization } of rows) {
    if (organization !== null) counts.set(organization, (counts.get(organization) ?? 0) + 1);
  }
  return counts;
}

/** Each change of an endpoint has the version that its organization had after it. */
function insertChanges(rows: readonly ChangeRow[], now: number | null): string {
  const behind = countEndpoints(rows);
  const values = rows.map(({ kind, subject, organization, healthReset }, index) => {
    const left = organization === null ? 0 : (behind.get(organization) ?? 0) - 1;
    if (organization !== null) behind.set(organization, left);
    const owner = organization === null ? 'NULL' : escapeLiteral(organization);
    return `(${index + 1}, '${kind}', ${escapeLiteral(subject)}, ${owner}, ${left}, ${healthReset})`;
  });
  return `WITH counter AS (UPDATE change_counter SET number = number + ${rows.length} RETURNING number)
    INSERT INTO changes (number, kind, subject, endpoints_version, health_reset, at)
    SELECT c.number - ${rows.length} + v.ordinal, v.kind, v.subject, o.endpoints_version - v.behind, v.health_reset,
      ${nowMsText(now)}
    FROM counter c CROSS JOIN (VALUES ${values.join(', ')}) v (ordinal, kind, subject, organization, behind, health_reset)
    LEFT JOIN organizations o ON o.id = v.organization
    RETURNING number, endpoints_version, at`;
}

function refuseAfter(notAfter: number, now: number | null): string {
  return `DO $late$ BEGIN
    IF ${nowMsText(now)} > ${Math.floor(notAfter)}::bigint THEN RAISE EXCEPTION 'late' USING ERRCODE = '${LATE}'; END IF;
    END $late$`;
}

/** `own` of the organization's changes are these commands'. */
function refuseUnless({ organizationId, version }: NonNullable<ApplyOptions['endpointsOf']>, own: number): string {
  return `DO $endpoints$ BEGIN
    IF (SELECT endpoints_version FROM organizations WHERE id = ${escapeLiteral(organizationId)} FOR UPDATE) <> ${version + own}
    THEN RAISE EXCEPTION 'endpoints changed' USING ERRCODE = '${ENDPOINTS_CHANGED}'; END IF;
    END $endpoints$`;
}
