import { type AuditQuery, listAudit as list } from '../../app/audit.ts';
import type { AuditRow, Page, PageRequest } from '../../store/port.ts';
import { type Operation, operation } from '../operation.ts';

/** One line of the audit log: who did what, why and from where. */
export type AuditEntry = AuditRow;

/** Newest first; a page may be short, even empty, and still have a next one. Every filter is open unless given. */
export const listAudit: Operation<
  Partial<Omit<AuditQuery, 'of'>> & {
    /** Lines of every organization, which takes the scope `operator`. */
    readonly all?: boolean;
    readonly page: PageRequest;
  },
  Page<AuditEntry>
> = operation({
  name: 'listAudit',
  scopes: ['audit:read'],
  async run({ app, caller }, { all = false, page, ...filter }) {
    const { actor = null, action = null, target = null, since = null, until = null } = filter;
    return await list(app, caller, { of: all ? 'all' : 'own', actor, action, target, since, until }, page);
  },
});
