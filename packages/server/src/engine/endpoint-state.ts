import type { Signer } from '@hookring/signing';
import { type Endpoint, type EndpointHealth, UNTRIED } from '../domain/endpoint.ts';
import { healthAfter } from '../domain/endpoint-status.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { RingOwner } from '../domain/secret.ts';
import type { HealthChange } from '../store/port.ts';
import type { LoadedRing } from './loaded-ring.ts';

/** What sending needs and only a change of the endpoint alters. */
export type Target = {
  readonly url: URL;
  /** Flat: name, value, name, value. */
  readonly staticHeaders: readonly string[];
};

/** A signer and the time for which it is the right one: `from <= now < until`, while `ring` is the current one. */
export type CachedSigner = {
  readonly signer: Signer;
  readonly keyIds: string;
  readonly ring: LoadedRing;
  readonly from: number;
  readonly until: number;
};

/**
 * An endpoint as this process knows it: its row, its health, and what was derived from the row.
 *
 * The row is replaced when a change commits; whatever was derived goes with it. Health runs ahead of the store by the
 * results that are not recorded yet: those gather in `pending` until the recorder takes them.
 */
export class EndpointState {
  readonly id: EndpointId;
  endpoint: Endpoint;
  health: EndpointHealth;
  /** Derived on first use; null again after a change. */
  target: Target | null = null;
  signer: CachedSigner | null = null;
  /** Part of a loaded organization: found by fan-out. */
  inView = false;
  /** A lane works with it, so it must not be dropped. */
  inLane = false;
  /** A suspension is being written. */
  suspending = false;
  /** More changed than this node was told: the row must be read again before anything is sent by it. */
  outdated = false;
  /** The store itself may have gone back behind what is known: then its row counts, of whatever version. */
  undone = false;
  #pending: HealthChange | null = null;

  constructor(endpoint: Endpoint, health: EndpointHealth) {
    this.id = endpoint.id;
    this.endpoint = endpoint;
    this.health = health;
  }

  get isActive(): boolean {
    return this.endpoint.status.kind === 'active';
  }

  get ringOwner(): RingOwner {
    return this.endpoint.keyring === 'own' ? this.endpoint.id : this.endpoint.organizationId;
  }

  /** Takes a newer row; an older one, which a slow read may bring, changes nothing. */
  replace(endpoint: Endpoint, healthReset: boolean): void {
    if (endpoint.version < this.endpoint.version && !this.undone) return;
    this.undone = false;
    this.endpoint = endpoint;
    this.target = null;
    this.signer = null;
    if (!healthReset) return;
    // Failures from before the reset must not reach the counters after it.
    this.health = { ...UNTRIED, lastSuccessAt: this.health.lastSuccessAt, lastFailureAt: this.health.lastFailureAt };
    if (this.#pending !== null) this.#pending = { ...this.#pending, failures: 0, firstFailureAt: null };
  }

  /** Counts an attempt. True when nothing was waiting for the recorder before. */
  count(success: boolean, at: number): boolean {
    const isFirst = this.#pending === null;
    const before = this.#pending;
    if (success) {
      this.#pending = {
        endpointId: this.id,
        successAt: at,
        failureAt: before?.failureAt ?? null,
        failures: 0,
        firstFailureAt: null,
      };
      this.health = healthAfter(this.health, { successAt: at, failureAt: null, failures: 0, firstFailureAt: null });
    } else {
      this.#pending = {
        endpointId: this.id,
        successAt: before?.successAt ?? null,
        failureAt: at,
        failures: (before?.failures ?? 0) + 1,
        firstFailureAt: before?.firstFailureAt ?? at,
      };
      this.health = healthAfter(this.health, { successAt: null, failureAt: at, failures: 1, firstFailureAt: at });
    }
    return isFirst;
  }

  /** Hands what gathered to the recorder. */
  takePending(): HealthChange | null {
    const taken = this.#pending;
    this.#pending = null;
    return taken;
  }
}
