import type { OrganizationId } from '../domain/ids.ts';
import type { AuditRow, Command } from '../store/port.ts';
import type { Caller } from './caller.ts';

/** One line of the audit log, committed together with what it tells of. */
export function auditCommand(
  caller: Caller,
  at: number,
  entry: {
    readonly action: string;
    readonly target: string;
    readonly reason?: string | null;
    readonly detail?: AuditRow['detail'];
    readonly organizationId?: OrganizationId;
  },
): Command {
  return {
    kind: 'audit.append',
    row: {
      at,
      organizationId: entry.organizationId ?? caller.organizationId,
      actor: caller.actor,
      action: entry.action,
      target: entry.target,
      reason: entry.reason ?? null,
      detail: { ...entry.detail, requestId: caller.requestId },
    },
  };
}
