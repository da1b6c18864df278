/**
 * The small index of endpoints with waiting deliveries, in SQL.
 *
 * Every statement that makes a delivery wait writes the row of its endpoint, whatever its status: whoever takes endpoints
 * out removes those that are not active. The row's revision grows with each write, so that one who looked for waiting
 * deliveries, found none and would remove the row cannot take away what others put there meanwhile.
 */

/**
 * Puts endpoints in for the time of their earliest delivery that came to wait. Rows are written in the order of their
 * numbers, so that two batches never wait for each other. `now`: what is due by then is anybody's to take, also where a
 * node answers for the endpoint; what is due later that node will find when it claims.
 */
export function putDue(name: string, waiting: string, now: string): string {
  return `${name} AS (
      INSERT INTO due_endpoints AS x (endpoint, due_at)
      SELECT w.endpoint, min(w.due_at) FROM ${waiting} w GROUP BY w.endpoint ORDER BY w.endpoint
      ON CONFLICT (endpoint) DO UPDATE SET due_at = least(x.due_at, excluded.due_at), revision = x.revision + 1,
        taken_by = CASE WHEN excluded.due_at <= ${now} THEN NULL ELSE x.taken_by END
      RETURNING x.endpoint, x.due_at, x.taken_by)`;
}

/** When the earliest of them is due that nobody answers for and nobody knew of before. */
export function earliestNew(name: string): string {
  return `(SELECT min(w.due_at) FROM ${name} w
      WHERE w.taken_by IS NULL
        AND (SELECT b.taken_by IS NULL FROM due_endpoints b WHERE b.endpoint = w.endpoint) IS NOT TRUE)`;
}

/**
 * Deliveries of an archived endpoint came to wait: housekeeping is to look at it again. Each endpoint is looked up by its
 * number: a join could begin with all that are archived.
 */
export function drain(waiting: string): string {
  return `drained AS (
      UPDATE endpoints SET draining = true WHERE number = ANY (ARRAY(
        SELECT w.endpoint FROM ${waiting} w
        WHERE (SELECT e.status = 'archived' AND NOT e.draining FROM endpoints e WHERE e.number = w.endpoint))))`;
}
