import type { DatabaseSync } from 'node:sqlite';
import { createAttemptReads } from './attempts.ts';
import { createAuditReads } from './audit.ts';
import { createDeliveryReads } from './deliveries.ts';
import { createEndpointReads } from './endpoints.ts';
import { createEventReads } from './events.ts';
import { createFigureReads } from './figures.ts';
import { createFollowAttempts } from './follow-attempts.ts';
import { createKeyringReads } from './keyrings.ts';
import { createOrganizationAttempts } from './organization-attempts.ts';
import { createOrganizationReads } from './organizations.ts';
import { createPrunable } from './prunable.ts';
import { createRecoverReads } from './recover.ts';
import type { SyncReader } from './sync-reader.ts';

/**
 * SQL is by hand and prepared once, each statement beside the code that reads its rows. A query builder would only
 * compile the same texts again for every call.
 */
export function createSyncReader(db: DatabaseSync): SyncReader {
  return {
    ...createOrganizationReads(db),
    ...createEndpointReads(db),
    ...createKeyringReads(db),
    ...createEventReads(db),
    ...createPrunable(db),
    ...createDeliveryReads(db),
    ...createRecoverReads(db),
    ...createAttemptReads(db),
    ...createOrganizationAttempts(db),
    ...createFigureReads(db),
    ...createAuditReads(db),
    ...createFollowAttempts(db),
  };
}
