import type { EndpointId } from '../domain/ids.ts';
import { createTypeIndex, type TypeIndex } from '../domain/type-index.ts';
import type { EndpointState } from './endpoint-state.ts';

/** The endpoints of one organization that are not archived, found by event type. */
export class OrganizationView {
  /** Since eviction looked at it last. */
  used = false;
  /** All changes of its endpoints up to this one are in it; null where the store does not number them. */
  version: number | null;
  /** Of later ones that are in it, too, before those between. */
  readonly #ahead = new Set<number>();
  /** Archived by such a change: what is told of them later is older. */
  readonly #gone = new Set<EndpointId>();
  readonly #states = new Map<EndpointId, EndpointState>();
  /** Null after a change, until the next question. */
  #index: TypeIndex<EndpointState> | null = null;

  constructor(version: number | null) {
    this.version = version;
  }

  /** A change with that version is in it from now on. */
  advance(version: number | null): void {
    if (version === null || this.version === null || version <= this.version) return;
    this.#ahead.add(version);
    // Each is there once it came, in whatever order they come.
    while (this.#ahead.delete(this.version + 1)) this.version += 1;
    if (this.#ahead.size === 0) this.#gone.clear();
  }

  /** Whether it was archived by a change that was told before earlier ones. */
  isGone(id: EndpointId): boolean {
    return this.#gone.has(id);
  }

  get size(): number {
    return this.#states.size;
  }

  /** Who receives events of this type. The answer is shared: do not change it. */
  match(type: string): readonly EndpointState[] {
    this.#index ??= createTypeIndex(this.#subscriptions());
    return this.#index.match(type);
  }

  put(state: EndpointState): void {
    state.inView = true;
    this.#states.set(state.id, state);
    this.#index = null;
  }

  /** For good: it was archived. */
  remove(state: EndpointState): void {
    state.inView = false;
    if (this.#ahead.size > 0) this.#gone.add(state.id);
    if (this.#states.delete(state.id)) this.#index = null;
  }

  states(): Iterable<EndpointState> {
    return this.#states.values();
  }

  *#subscriptions(): Iterable<{
    readonly id: EndpointState;
    readonly eventTypes: readonly string[] | null;
    readonly catalogue: readonly string[] | null;
  }> {
    for (const state of this.#states.values()) {
      yield { id: state, eventTypes: state.endpoint.eventTypes, catalogue: state.endpoint.catalogue };
    }
  }
}
