import type { AuditAction } from '../domain/audit-action.ts';
import type { OrganizationId } from '../domain/ids.ts';
import { plainAddress } from '../net/client-address.ts';
import type { AuditFilter, AuditRow, Command, Page, PageRequest } from '../store/port.ts';
import { type Caller, missingScope } from './caller.ts';
import type { AppContext } from './context.ts';
import { done, type Outcome } from './outcome.ts';

type AuditEntry = {
  readonly action: AuditAction;
  readonly target: string;
  readonly reason?: string | null;
  readonly detail?: AuditRow['detail'];
  readonly organizationId?: OrganizationId;
};

type AuditTools = Pick<AppContext, 'ids'>;

/** One line of the audit log, committed together with what it tells of. */
export function auditCommand(app: AuditTools, caller: Caller, at: number, entry: AuditEntry): Command {
  return {
    kind: 'audit.append',
    row: {
      id: app.ids.next('aud'),
      at,
      organizationId: entry.organizationId ?? caller.organizationId,
      actor: caller.actor,
      action: entry.action,
      target: entry.target,
      reason: entry.reason ?? null,
      address: plainAddress(caller.address),
      requestId: caller.requestId,
      detail: entry.detail ?? {},
    },
  };
}

/** A line of what the server does by itself. */
export function systemAuditCommand(
  app: AuditTools,
  at: number,
  { action, target, reason = null, detail = {}, organizationId }: AuditEntry & { organizationId: OrganizationId },
): Command {
  const id = app.ids.next('aud');
  const own = { actor: 'system', address: null, requestId: null };
  return { kind: 'audit.append', row: { id, at, organizationId, ...own, action, target, reason, detail } };
}

/**
 * Writes a line before something is done that no commit can hold, such as a request to a receiver or a change of the
 * key file: then there may be a line too many, never a deed without one.
 */
export async function auditAhead(app: AppContext, caller: Caller, entry: AuditEntry): Promise<void> {
  await app.store.apply([auditCommand(app, caller, app.clock.now(), entry)]);
}

/** Paths and queries of URLs often hold tokens: of a URL the log tells where it leads, and no more. */
export function originOf(url: string): string {
  return new URL(url).origin;
}

export type AuditQuery = Omit<AuditFilter, 'organizationId'> & {
  /** `own`: of the organization for which the caller acts. */
  readonly of: 'own' | 'all';
};

/** Newest first. A page may be short, even empty, and still have a next one. */
export async function listAudit(
  app: AppContext,
  caller: Caller,
  { of, ...filter }: AuditQuery,
  page: PageRequest,
): Promise<Outcome<Page<AuditRow>>> {
  const refusal = missingScope(
    caller,
    ...(of === 'all' ? (['audit:read', 'operator'] as const) : ['audit:read' as const]),
  );
  if (refusal !== null) return refusal;
  return done(
    await app.store.reader.audit({ ...filter, organizationId: of === 'all' ? null : caller.organizationId }, page),
  );
}
