import type { Incarnation } from '../../port.ts';
import type { Database, Statement } from '../database.ts';
import { type GivenTime, nowMs } from '../database-time.ts';
import { LEASE_MS } from '../heartbeat.ts';

// Free when its time is over, and when the node that has it is gone.
const TAKE: Statement = {
  name: 'job_take',
  text: `
    WITH t AS MATERIALIZED (SELECT ${nowMs(1)} AS now)
    INSERT INTO jobs AS j (name, incarnation, held_until) SELECT $2, $3::integer, t.now + $4::bigint FROM t
    ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, held_until = excluded.held_until
    WHERE j.incarnation = excluded.incarnation OR j.held_until <= (SELECT now FROM t)
      OR NOT EXISTS (SELECT 1 FROM nodes n
        WHERE n.incarnation = j.incarnation AND n.seen_at >= (SELECT now FROM t) - $5::bigint)`,
};

/** Answers whether the job is this node's now, for so many milliseconds. */
export async function takeJob(
  db: Database,
  time: GivenTime,
  incarnation: Incarnation,
  name: string,
  forMs: number,
): Promise<boolean> {
  const { count } = await db.on('change').run(TAKE, [time(), name, incarnation, forMs, LEASE_MS]);
  return count === 1;
}
