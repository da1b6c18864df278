import { number } from '../../cells.ts';
import type { Incarnation } from '../../port.ts';
import type { Database, Statement } from '../database.ts';
import { type GivenTime, nowMs } from '../database-time.ts';

const START: Statement = {
  name: 'node_start',
  text: `INSERT INTO nodes (started_at, seen_at) SELECT t.now, t.now FROM (SELECT ${nowMs(1)} AS now) t RETURNING incarnation`,
};
const NUMBER: Statement = {
  name: 'node_number',
  text: "SELECT nextval(pg_get_serial_sequence('nodes', 'incarnation'))",
};
const END: Statement = { name: 'node_end', text: 'DELETE FROM nodes WHERE incarnation = $1' };

/** Begins a new incarnation. It is committed before anything can be leased to it. */
export async function startRun(db: Database, time: GivenTime): Promise<Incarnation> {
  const { rows } = await db.on('control').run(START, [time()]);
  return number(rows[0]?.[0]);
}

/** A number of its own for a process that leases nothing, and has no row. */
export async function numberRun(db: Database): Promise<Incarnation> {
  const { rows } = await db.on('control').run(NUMBER);
  return number(rows[0]?.[0]);
}

/** What is still leased to it is for anybody to take back. */
export async function endRun(db: Database, incarnation: Incarnation): Promise<void> {
  await db.on('control').run(END, [incarnation]);
}
