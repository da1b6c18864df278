/** What the audit log tells of. Rows are kept for good, so a word that was once written is never taken out or reused. */
export const AUDIT_ACTIONS = [
  'organization.created',
  'organization.updated',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.suspended',
  'endpoint.resumed',
  'endpoint.archived',
  'endpoint.tested',
  'secret.rotated',
  'secret.revoked',
  'key.created',
  'key.imported',
  'key.revoked',
  'event.payload_erased',
  'events.pruned',
  'delivery.resent',
  'deliveries.recovered',
  'master_key.rotated',
  'master_key.resealed',
  'master_key.finished',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
