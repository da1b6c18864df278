import { randomFillSync } from 'node:crypto';
import type { SQLInputValue } from 'node:sqlite';
import { createIdSource } from '../../../domain/ids.ts';
import { openWriterConnection } from '../../sqlite/connection.ts';

const START_MS = Date.UTC(2026, 10, 3, 22);
/** Rows reach over several days, so that several partitions are made. */
const STEP_MS = 40_000;

/** Texts that something on the way could take for something else. */
export const ODD_TEXTS = [
  'tab\tline\nreturn\rbackslash\\ \\N \\. \\x00',
  'quote \' " $1 :a; --',
  'Grüße, 世界 🪝 \u2028',
  '',
  'separators \u001f \u001e',
] as const;
export const WITH_NUL = 'before\0after';

/** A SQLite file with rows in every table, and with every odd value that the columns take. */
export function writeFullFile(path: string, { events }: { readonly events: number }): void {
  const db = openWriterConnection(path);
  let now = START_MS;
  const ids = createIdSource({ now: () => now, fillRandom: (bytes) => void randomFillSync(bytes) });
  const insert = (table: string, row: Readonly<Record<string, SQLInputValue>>): void => {
    const names = Object.keys(row);
    const sql = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
    db.prepare(sql).run(...Object.values(row));
  };
  db.exec('BEGIN');
  insert('nodes', { incarnation: 7, started_at: now, seen_at: now });
  const times = { version: 3, created_at: now, updated_at: now + 1 };
  const owners: string[] = [];
  const [first, second] = [3, 9].map((number) => {
    const id = ids.next('org');
    owners.push(id);
    const name = number === 3 ? ODD_TEXTS[0] : WITH_NUL;
    const external_id = number === 3 ? 'default' : null;
    insert('organizations', { number, id, external_id, name, rotation_policy: '{"a":1}', ...times });
    return { number, id };
  });
  if (first === undefined || second === undefined) throw new Error('two organizations');
  const states = ['active', 'active', 'suspended', 'archived'] as const;
  for (const [index, status] of states.entries()) {
    const id = ids.next('ep');
    if (index === 0) owners.push(id);
    const number = index * 5 + 1;
    const organization = index === 1 ? second.number : first.number;
    const reason = { status_reason: status === 'suspended' ? 'manual' : null, status_at: index === 0 ? null : now };
    const settings = JSON.stringify({ description: ODD_TEXTS[2], headers: [] });
    const draining = status === 'archived' ? 1 : 0;
    const url = `https://r${index}.example/?a=b&c=%00`;
    insert('endpoints', { number, id, organization, url, status, ...reason, draining, settings, ...times });
    insert('endpoint_health', {
      endpoint: number,
      consecutive_failures: index,
      failing_since: index === 0 ? null : now,
    });
  }
  for (const owner of owners) {
    insert('keyrings', { owner, version: 4 });
    for (const table of ['secrets', 'secret_history']) {
      insert(table, {
        id: ids.next('sec'),
        owner,
        position: 1,
        number: 2,
        algorithm: 'hmac-sha256',
        created_at: now,
        signs_from: now,
        ends_at: table === 'secrets' ? null : now,
        origin: 'generated',
        hint: 'abcd',
        fingerprint: 'f'.repeat(64),
        actor: 'system',
        reason: ODD_TEXTS[1],
        sealed: table === 'secrets' ? 'sealed.AAAA' : null,
      });
    }
  }
  insert('service_keys', { name: 'access-tokens', sealed: 'sealed.BBBB' });
  insert('api_keys', {
    id: ids.next('key'),
    organization_id: first.id,
    name: ODD_TEXTS[3],
    token_hash: 'a'.repeat(64),
    hint: 'hk…',
    dialect: 'native',
    scopes: '["operator"]',
    created_at: now,
  });
  for (let event = 1; event <= events; event += 1) {
    now += STEP_MS;
    const key = ids.next('evt');
    const hasId = event % 3 === 0;
    const number = event * 2;
    const organization = event % 2 === 0 ? first.number : second.number;
    insert('events', {
      number,
      key,
      organization,
      id: hasId ? `client-${event}` : null,
      type: 'invoice.paid',
      content_type: event % 5 === 0 ? 'text/plain' : null,
      occurred_at: event % 7 === 0 ? now - 1 : null,
      created_at: now,
      payload: Buffer.from([0, 255, 92, 10, event & 255, ...Buffer.from('{"a":"\\u0000"}')]),
    });
    if (hasId) {
      const fingerprint = `fingerprint ${event}`;
      insert('event_ids', { organization, id: `client-${event}`, event: number, fingerprint, expires_at: now + 1e9 });
    }
    if (event % 11 === 0) insert('erasures', { event: number, at: now });
    const ends = ['succeeded', 'dead', 'cancelled', 'retrying', 'pending'] as const;
    const status = ends[event % ends.length] ?? 'pending';
    const isOwed = status === 'retrying' || status === 'pending';
    const id = ids.next('dlv');
    const endpoint = organization === second.number ? 6 : event % 4 === 0 ? 11 : 1;
    insert('deliveries', {
      number: event,
      id,
      organization,
      endpoint,
      event: number,
      status,
      attempt_count: isOwed ? 0 : 1,
      last_response_status: status === 'succeeded' ? 204 : null,
      ended_at: isOwed ? null : now + 2,
      death_reason: status === 'dead' ? 'exhausted' : null,
      resend_of: event % 13 === 0 ? id : null,
      created_at: now,
    });
    if (isOwed) insert('queue', { delivery: event, endpoint, due_at: now + event, lease: event % 2 === 0 ? 7 : null });
    else {
      insert('attempts', {
        number: event,
        id: ids.next('att'),
        delivery: event,
        endpoint,
        ordinal: 1,
        started_at: now,
        response_status: status === 'succeeded' ? 204 : null,
        error_kind: status === 'succeeded' ? null : 'reset',
        error_detail: status === 'dead' ? WITH_NUL : null,
        dns_ms: event / 3,
        connect_ms: 0.1,
        total_ms: 1e-7 * event + 12.345678901,
        ring_version: 4,
        key_ids: 'sec_a sec_b',
        response_headers: status === 'succeeded' ? null : JSON.stringify([['x', ODD_TEXTS[0]]]),
        response_excerpt: status === 'succeeded' ? null : Buffer.from([0, 1, 254, event & 255]),
      });
    }
    if (event % 100 === 0) {
      insert('audit', {
        number: event,
        id: ids.next('aud'),
        at: now,
        organization_id: first.id,
        actor: 'system',
        action: 'key.created',
        target: ODD_TEXTS[event % ODD_TEXTS.length] ?? '',
        detail: '{}',
      });
    }
  }
  const request = { route: 'POST /v1/endpoints', fingerprint: 'f', reference: '{}', created_at: now, expires_at: now };
  for (const key of ODD_TEXTS) insert('idempotency', { principal: 'key_a', key, ...request });
  db.exec('COMMIT');
  db.close();
}
