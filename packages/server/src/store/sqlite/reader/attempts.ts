import type { DatabaseSync } from 'node:sqlite';
import { numberCursor, numberOf, pageOf } from '../../page.ts';
import { attemptOf } from '../../rows.ts';
import type { SyncReader } from './sync-reader.ts';

type Reads = Pick<SyncReader, 'attemptsOfDelivery' | 'attemptsOfEndpoint'>;

const SELECT = `SELECT a.*, d.id AS delivery_id, p.id AS endpoint_id
  FROM attempts a JOIN deliveries d ON d.number = a.delivery JOIN endpoints p ON p.number = a.endpoint`;

export function createAttemptReads(db: DatabaseSync): Reads {
  const ofDelivery = db.prepare(`${SELECT}
    WHERE a.delivery = (
      SELECT x.number FROM organizations o JOIN deliveries x ON x.organization = o.number WHERE o.id = ? AND x.id = ?)
    ORDER BY a.number`);
  const ofEndpoint = db.prepare(`${SELECT}
    WHERE a.endpoint = (SELECT number FROM endpoints WHERE id = ?) AND a.number < ? ORDER BY a.number DESC LIMIT ?`);
  return {
    attemptsOfDelivery: (organizationId, id) => ofDelivery.all(organizationId, id).map(attemptOf),
    attemptsOfEndpoint(id, { after, itemsMax }) {
      return pageOf(ofEndpoint.all(id, numberCursor(after), itemsMax + 1), itemsMax, attemptOf, numberOf);
    },
  };
}
