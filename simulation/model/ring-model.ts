import type { SecretId } from '../../packages/server/src/domain/ids.ts';
import type { RingOwner } from '../../packages/server/src/domain/secret.ts';
import type { Checks } from './violation.ts';

/** The times of a secret that say when it signs. */
export type SecretTimes = {
  readonly id: SecretId;
  readonly activatesAt: number | null;
  readonly supersededAt: number | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly signsFrom: number | null;
  readonly signsUntil: number | null;
};

export type Ring = { readonly owner: RingOwner; readonly version: number; readonly secrets: readonly SecretTimes[] };

const FORMER_KEPT = 4;
const FOREVER = Number.POSITIVE_INFINITY;

/** A stretch of time in which the same secrets sign. */
type Span = { readonly from: number; readonly until: number; readonly keyIds: string };

/**
 * A ring as it is committed, and which secrets must sign when. Says so by the times that stand in the ring and by rules of
 * its own, so that a mistake of the signer's is not repeated here.
 */
export class RingModel {
  readonly owner: RingOwner;
  readonly everHeld = new Set<SecretId>();
  /** Secrets that were to sign, and never will: a clock that was set back stood before they began. */
  readonly calledOff = new Set<SecretId>();
  version = 0;
  #secrets: readonly SecretTimes[] = [];
  #span: Span = { from: FOREVER, until: FOREVER, keyIds: '' };
  /** The ring before each of the last changes, the latest first. */
  #former: (readonly SecretTimes[])[] = [];
  /** A process may not know of the last change. */
  #isUnsettled = false;

  constructor(owner: RingOwner) {
    this.owner = owner;
  }

  /** The latest of the times at which it was, or will be, changed by somebody. */
  get lastChangeAt(): number {
    let last = 0;
    for (const { activatesAt, supersededAt, revokedAt } of this.#secrets) {
      last = Math.max(last, activatesAt ?? 0, supersededAt ?? 0, revokedAt ?? 0);
    }
    return last;
  }

  get secrets(): readonly SecretTimes[] {
    return this.#secrets;
  }

  put(ring: Ring, retired: readonly SecretTimes[], checks: Checks): void {
    const kept = new Set([...ring.secrets, ...retired].map(({ id }) => id));
    checks.that(
      'atomic',
      ring.version > this.version,
      () => `${this.owner}: version ${ring.version} after ${this.version}`,
    );
    for (const { id } of this.#secrets) {
      checks.that('atomic', kept.has(id), () => `${id} vanished from the ring of ${this.owner}`);
    }
    for (const id of kept) this.everHeld.add(id);
    for (const secret of [...ring.secrets, ...retired]) if (neverSigns(secret)) this.calledOff.add(secret.id);
    this.#former = [this.#secrets, ...this.#former.slice(0, FORMER_KEPT - 1)];
    this.#isUnsettled = this.version > 0;
    this.version = ring.version;
    this.#secrets = ring.secrets;
    this.#span = { from: FOREVER, until: FOREVER, keyIds: '' };
  }

  /** Whoever signs knows of the last change. */
  settled(): void {
    this.#isUnsettled = false;
  }

  keyIdsAt(now: number): string {
    const span = this.#span;
    if (span.from <= now && now < span.until) return span.keyIds;
    this.#span = spanOf(this.#secrets, now);
    return this.#span.keyIds;
  }

  /** Whether they would sign if some of the last changes had never been made. */
  isFormer(keyIds: string, now: number): boolean {
    return this.#former.some((secrets) => spanOf(secrets, now).keyIds === keyIds);
  }

  /** Whether they may sign as well, because the last change may have come too late for its own time. */
  mayBeLate(keyIds: string, now: number): boolean {
    return this.#isUnsettled && spanOf(this.#former[0] ?? [], now).keyIds === keyIds;
  }
}

/** Although it was to. One that is revoked before it begins keeps no `signsFrom`; when it was to begin still stands in it. */
function neverSigns(secret: SecretTimes): boolean {
  const begin = Math.max(secret.signsFrom ?? 0, secret.activatesAt ?? FOREVER);
  return begin < FOREVER && begin >= endOf(secret);
}

function beginOf({ signsFrom, activatesAt }: SecretTimes): number {
  return Math.max(signsFrom ?? FOREVER, activatesAt ?? FOREVER);
}

function endOf({ signsUntil, expiresAt, revokedAt }: SecretTimes): number {
  return Math.min(signsUntil ?? FOREVER, expiresAt ?? FOREVER, revokedAt ?? FOREVER);
}

function spanOf(secrets: readonly SecretTimes[], now: number): Span {
  let from = Number.NEGATIVE_INFINITY;
  let until = FOREVER;
  let next = FOREVER;
  const signing: string[] = [];
  for (const secret of secrets) {
    const begin = beginOf(secret);
    const end = endOf(secret);
    if (begin >= end) continue;
    if (begin > now) {
      until = Math.min(until, begin);
      next = Math.min(next, begin);
    } else if (end <= now) {
      from = Math.max(from, end);
    } else {
      from = Math.max(from, begin);
      until = Math.min(until, end);
      signing.push(secret.id);
    }
  }
  // A clock that stands before the first secret: the first that will sign does.
  if (signing.length === 0 && next < FOREVER) return { ...spanOf(secrets, next), from, until };
  return { from, until, keyIds: signing.join(' ') };
}
