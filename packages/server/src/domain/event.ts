import type { EventKey, OrganizationId } from './ids.ts';

/** Something that happened. Immutable; the payload is the exact bytes that were sent in. */
export type Event = {
  /** The engine's own key. */
  readonly key: EventKey;
  /** The public id: the client's own, or the key. */
  readonly id: string;
  readonly organizationId: OrganizationId;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly contentType: string;
  /** When the client says it happened, epoch milliseconds. */
  readonly occurredAt: number;
  readonly createdAt: number;
};

export const JSON_CONTENT_TYPE = 'application/json';
