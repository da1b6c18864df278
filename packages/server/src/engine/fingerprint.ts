import { createHash } from 'node:crypto';
import type { IncomingEvent } from './engine.ts';

/**
 * Digest of everything that must be the same when a client sends an event with its own id again. Each text stands
 * behind its length, so that no two events are framed alike.
 */
export function fingerprintOf({ type, contentType, occurredAt, payload }: IncomingEvent): string {
  const time = occurredAt === null ? '' : String(occurredAt);
  const head = `${type.length}:${type}${contentType.length}:${contentType}${time.length}:${time}`;
  return createHash('sha256').update(head).update(payload).digest('base64url');
}
