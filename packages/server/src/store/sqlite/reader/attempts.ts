import type { DatabaseSync } from 'node:sqlite';
import { attemptOf } from '../rows.ts';
import { numberCursor, numberOf, pageOf } from './page.ts';
import type { SyncReader } from './reader.ts';

type Reads = Pick<SyncReader, 'attemptsOfDelivery' | 'attemptsOfEndpoint'>;

const SELECT = `SELECT a.*, d.id AS delivery_id, p.id AS endpoint_id
  FROM attempts a JOIN deliveries d ON d.number = a.delivery JOIN endpoints p ON p.number = a.endpoint`;

export function createAttemptReads(db: DatabaseSync): Reads {
  // A delivery's id is unique within its organization, and made by one source: the organizations that could hold it
  // are few, so the index by organization and id is asked for each of them.
  const ofDelivery = db.prepare(`${SELECT}
    WHERE a.delivery IN (SELECT x.number FROM organizations o JOIN deliveries x ON x.organization = o.number AND x.id = ?)
    ORDER BY a.number`);
  const ofEndpoint = db.prepare(`${SELECT}
    WHERE a.endpoint = (SELECT number FROM endpoints WHERE id = ?) AND a.number < ? ORDER BY a.number DESC LIMIT ?`);
  return {
    attemptsOfDelivery: (id) => ofDelivery.all(id).map(attemptOf),
    attemptsOfEndpoint(id, { after, itemsMax }) {
      return pageOf(ofEndpoint.all(id, numberCursor(after), itemsMax + 1), itemsMax, attemptOf, numberOf);
    },
  };
}
