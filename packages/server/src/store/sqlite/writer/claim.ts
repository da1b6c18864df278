import { arrayOf, arraysOf, bytes, type CellReader, number, text, textOrNull } from '../cells.ts';
import type { AnswerBuilder, WriteContext } from './context.ts';

type ClaimWriter = {
  readonly claim: (cells: CellReader, answer: AnswerBuilder) => void;
  readonly takeDue: (cells: CellReader, answer: AnswerBuilder) => void;
  readonly release: (cells: CellReader) => void;
};

/** Moves deliveries between the queue and the memory of this node. */
export function createClaim(context: WriteContext): ClaimWriter {
  const { db, directory, due, leased } = context;
  const selectDue = db.prepare(`
    SELECT q.delivery, d.id, e.key, e.id, e.type, e.content_type, d.created_at, coalesce(e.occurred_at, e.created_at),
      d.attempt_count, e.payload, q.due_at
    FROM queue q LEFT JOIN deliveries d ON d.number = q.delivery LEFT JOIN events e ON e.number = d.event
    WHERE q.endpoint = ? AND q.lease IS NULL AND q.due_at <= ?
    ORDER BY q.due_at, q.delivery LIMIT ?`);
  selectDue.setReturnArrays(true);
  const lease = db.prepare('UPDATE queue SET lease = ? WHERE delivery = ?');
  const deleteQueued = db.prepare('DELETE FROM queue WHERE delivery = ?');
  const killMissing = db.prepare(`
    UPDATE deliveries SET status = 'dead', ended_at = ?, death_reason = 'payload_missing' WHERE number = ?`);
  const selectDueEndpoints = db.prepare(`
    SELECT d.endpoint, e.id, e.status FROM due_endpoints d JOIN endpoints e ON e.number = d.endpoint
    WHERE d.due_at <= ? ORDER BY d.due_at LIMIT ?`);
  selectDueEndpoints.setReturnArrays(true);
  const removeDue = db.prepare('DELETE FROM due_endpoints WHERE endpoint = ?');
  const selectNextDue = db.prepare('SELECT min(due_at) AS due_at FROM due_endpoints');
  selectNextDue.setReturnArrays(true);
  const selectNumber = db.prepare('SELECT number FROM deliveries WHERE organization = ? AND id = ?');
  selectNumber.setReturnArrays(true);
  const unlease = db.prepare('UPDATE queue SET lease = NULL, due_at = ? WHERE delivery = ? AND lease = ?');

  /** Collects rows first: the statement walks an index that leasing changes. */
  function collect(
    endpoint: number,
    now: number,
    itemsMax: number,
    bytesMax: number,
  ): { rows: (readonly unknown[])[]; missing: number[] } {
    const rows: (readonly unknown[])[] = [];
    const missing: number[] = [];
    let sum = 0;
    for (const row of arraysOf(selectDue, endpoint, now, itemsMax)) {
      const payload = row[9];
      if (payload === null) {
        missing.push(number(row[0]));
        continue;
      }
      sum += bytes(payload).length;
      if (sum > bytesMax && rows.length > 0) break;
      rows.push(row);
    }
    return { rows, missing };
  }

  return {
    claim(cells, answer) {
      const incarnation = cells.number();
      const endpoint = directory.requireEndpoint(cells.text());
      const now = cells.number();
      const itemsMax = cells.number();
      const bytesMax = cells.number();
      if (endpoint.status !== 'active') {
        due.remove(endpoint);
        answer.cells.push(null, 0);
        return;
      }
      const { rows, missing } = collect(endpoint.number, now, itemsMax, bytesMax);
      for (const delivery of missing) {
        deleteQueued.run(delivery);
        killMissing.run(now, delivery);
      }
      const slabAt = answer.slabAt;
      for (const row of rows) {
        const delivery = number(row[0]);
        lease.run(incarnation, delivery);
        leased.add(text(row[1]), { delivery, endpoint: endpoint.number, incarnation });
      }
      const nextDueAt = due.earliest(endpoint);
      // A node that was given deliveries claims again on its own; one that was given none looks into the index.
      if (nextDueAt === null || (nextDueAt <= now && rows.length > 0)) due.remove(endpoint);
      else due.setTo(endpoint, nextDueAt);
      answer.cells.push(nextDueAt, rows.length);
      if (rows.length > 0) answer.cells.push(directory.organizationId(endpoint.organization), slabAt);
      for (const row of rows) pushDelivery(row, answer);
    },

    takeDue(cells, answer) {
      const now = cells.number();
      const itemsMax = cells.number();
      const taken = [...arraysOf(selectDueEndpoints, now, itemsMax)];
      for (const row of taken) removeDue.run(number(row[0]));
      const active = taken.filter((row) => row[2] === 'active');
      const nextDueAt = arrayOf(selectNextDue)?.[0];
      answer.cells.push(typeof nextDueAt === 'number' ? nextDueAt : null, active.length);
      for (const row of active) answer.cells.push(text(row[1]));
    },

    release(cells) {
      const incarnation = cells.number();
      const endpoint = directory.requireEndpoint(cells.text());
      const dueAt = cells.number();
      const count = cells.number();
      for (let index = 0; index < count; index += 1) {
        const id = cells.text();
        leased.remove(id);
        const found = arrayOf(selectNumber, endpoint.organization, id);
        if (found === undefined) continue;
        if (unlease.run(dueAt, number(found[0]), incarnation).changes === 1) due.waits(endpoint, dueAt);
      }
    },
  };
}

function pushDelivery(row: readonly unknown[], answer: AnswerBuilder): void {
  const payload = bytes(row[9]);
  answer.cells.push(
    text(row[1]),
    text(row[2]),
    textOrNull(row[3]),
    text(row[4]),
    textOrNull(row[5]),
    number(row[6]),
    number(row[7]),
    number(row[8]),
    number(row[10]),
    payload.length,
  );
  answer.putBytes(payload);
}
