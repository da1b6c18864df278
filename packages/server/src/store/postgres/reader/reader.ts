import type { Reader } from '../../reader.ts';
import type { Database } from '../database.ts';
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
import { createQueries } from './queries.ts';
import { createRecoverReads } from './recover.ts';

/** Reads on connections of their own. Each answer is of one moment: one statement, or several that say where they went on. */
export function createReader(database: Database): Reader {
  const queries = createQueries(database);
  return {
    ...createOrganizationReads(queries),
    ...createEndpointReads(queries),
    ...createKeyringReads(queries),
    ...createEventReads(queries),
    ...createPrunable(database),
    ...createDeliveryReads(queries),
    ...createRecoverReads(queries),
    ...createAttemptReads(queries),
    ...createOrganizationAttempts(queries),
    ...createFigureReads(queries),
    ...createAuditReads(queries),
    ...createFollowAttempts(queries),
  };
}
