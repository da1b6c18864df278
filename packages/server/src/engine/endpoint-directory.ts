import { type Endpoint, UNTRIED } from '../domain/endpoint.ts';
import type { EndpointId, OrganizationId } from '../domain/ids.ts';
import type { EndpointWithHealth, Reader } from '../store/port.ts';
import { EndpointState } from './endpoint-state.ts';
import { OrganizationView } from './organization-view.ts';

type EndpointChange = {
  readonly endpoint: Endpoint;
  readonly healthReset: boolean;
  readonly endpointsVersion: number | null;
};

/** An organization that is being loaded, with the changes that committed meanwhile. */
type ViewLoad = {
  readonly promise: Promise<OrganizationView>;
  readonly changes: EndpointChange[];
  /** What it reads may be older than what must be forgotten. */
  outdated: boolean;
};

/**
 * Endpoints in memory, by organization for fan-out and by id for sending.
 *
 * There is at most one state per endpoint. It lives while its organization's view is loaded or a lane works with it.
 * Views are loaded on first use, once for all who ask, and dropped, oldest first with a second chance for those in use, when
 * their endpoints together pass the bound. Changes that commit while something is being read are applied on top of what was read.
 *
 * A change may be told late, after newer ones: an endpoint's own version keeps its row from going back, and a change that
 * its organization's view has already brings nobody back into it.
 */
export class EndpointDirectory {
  readonly #reader: Reader;
  readonly #endpointsMax: number;
  readonly #states = new Map<EndpointId, EndpointState>();
  readonly #views = new Map<OrganizationId, OrganizationView>();
  readonly #viewLoads = new Map<OrganizationId, ViewLoad>();
  readonly #stateLoads = new Map<EndpointId, { readonly promise: Promise<EndpointState | null>; outdated: boolean }>();
  /** Somebody reads them just now, and no view or lane needs to know. */
  readonly #held = new Set<EndpointId>();
  #endpointsInViews = 0;

  constructor(reader: Reader, endpointsMax: number) {
    this.#reader = reader;
    this.#endpointsMax = endpointsMax;
  }

  view(organizationId: OrganizationId): OrganizationView | Promise<OrganizationView> {
    const known = this.#views.get(organizationId);
    if (known === undefined) return this.#loadView(organizationId);
    known.used = true;
    return known;
  }

  /** In memory only. */
  peek(id: EndpointId): EndpointState | null {
    return this.#states.get(id) ?? null;
  }

  /**
   * Reads them all, and gives out null for what does not exist. The store has just named them as active, so one that is
   * not, as far as memory knows, is read again: another node may have resumed it a moment ago. While `use` runs, none of
   * them is forgotten, whatever became of their views during the reading; after it, those stay that a view or a lane
   * has. One such call at a time.
   */
  async withLoaded(
    ids: readonly EndpointId[],
    use: (states: readonly (EndpointState | null)[]) => void,
  ): Promise<void> {
    for (const id of ids) this.#held.add(id);
    try {
      const states = await Promise.all(ids.map((id) => this.load(id)));
      for (const state of states) if (state?.isActive === false) state.outdated = true;
      use(await Promise.all(ids.map((id) => this.load(id))));
    } finally {
      this.#held.clear();
      for (const id of ids) {
        const state = this.#states.get(id);
        if (state !== undefined) this.#forgetUnused(state);
      }
    }
  }

  /** What is loaded this way stays only when a view, a lane or `withLoaded` has it. */
  async load(id: EndpointId): Promise<EndpointState | null> {
    const known = this.#states.get(id);
    if (known?.outdated === false) return known;
    const underway = this.#stateLoads.get(id);
    if (underway !== undefined) return underway.promise;
    const promise = this.#loadState(id).finally(() => this.#stateLoads.delete(id));
    this.#stateLoads.set(id, { promise, outdated: false });
    return promise;
  }

  pin(state: EndpointState): void {
    state.inLane = true;
    this.#states.set(state.id, state);
  }

  unpin(state: EndpointState): void {
    state.inLane = false;
    this.#forgetUnused(state);
  }

  /** Applies a committed change and answers with the state in memory, or null when nobody here knows the endpoint. */
  apply(change: EndpointChange): EndpointState | null {
    const { endpoint } = change;
    this.#viewLoads.get(endpoint.organizationId)?.changes.push(change);
    const stateLoad = this.#stateLoads.get(endpoint.id);
    if (stateLoad !== undefined) stateLoad.outdated = true;
    const view = this.#views.get(endpoint.organizationId);
    if (view !== undefined) this.#applyToView(view, change);
    else this.#states.get(endpoint.id)?.replace(endpoint, change.healthReset);
    return this.#states.get(endpoint.id) ?? null;
  }

  /** Forgets an organization's endpoints, unless they are of another version by now. */
  forgetView(organizationId: OrganizationId, version: number | null): void {
    const view = this.#views.get(organizationId);
    if (view !== undefined && view.version === version) this.#drop(organizationId, view);
  }

  /** Nothing that is kept may be used before it was read again. */
  forgetAll(): void {
    for (const load of this.#viewLoads.values()) load.outdated = true;
    for (const load of this.#stateLoads.values()) load.outdated = true;
    for (const [organizationId, view] of this.#views) this.#drop(organizationId, view);
    // What is left is in a lane, or held.
    for (const state of this.#states.values()) {
      state.outdated = true;
      state.undone = true;
    }
  }

  get endpointsInViews(): number {
    return this.#endpointsInViews;
  }

  #applyToView(view: OrganizationView, { endpoint, healthReset, endpointsVersion }: EndpointChange): void {
    const before = view.size;
    const known = this.#states.get(endpoint.id);
    known?.replace(endpoint, healthReset);
    const isIn = endpointsVersion !== null && view.version !== null && endpointsVersion <= view.version;
    if (isIn && known?.inView !== true) return;
    const isGone = view.isGone(endpoint.id);
    view.advance(endpointsVersion);
    if (isGone) return;
    const state = known ?? new EndpointState(endpoint, UNTRIED);
    if (state.endpoint.status.kind === 'archived') {
      view.remove(state);
      this.#forgetUnused(state);
    } else {
      this.#states.set(endpoint.id, state);
      view.put(state);
    }
    this.#endpointsInViews += view.size - before;
  }

  #loadView(organizationId: OrganizationId): Promise<OrganizationView> {
    const underway = this.#viewLoads.get(organizationId);
    if (underway !== undefined) return underway.promise;
    const promise = this.#readView(organizationId).finally(() => this.#viewLoads.delete(organizationId));
    this.#viewLoads.set(organizationId, { promise, changes: [], outdated: false });
    return promise;
  }

  async #readView(organizationId: OrganizationId): Promise<OrganizationView> {
    const { endpointsVersion, endpoints: rows } = await this.#reader.subscribers(organizationId);
    const load = this.#viewLoads.get(organizationId);
    if (load?.outdated === true) {
      load.outdated = false;
      return await this.#readView(organizationId);
    }
    const view = new OrganizationView(endpointsVersion);
    for (const row of rows) {
      const state = this.#adopt(row);
      if (state.endpoint.status.kind !== 'archived') view.put(state);
    }
    this.#views.set(organizationId, view);
    this.#endpointsInViews += view.size;
    for (const change of load?.changes ?? []) this.#applyToView(view, change);
    this.#evict(view);
    return view;
  }

  async #loadState(id: EndpointId): Promise<EndpointState | null> {
    for (;;) {
      const row = await this.#reader.endpointById(id);
      const known = this.#states.get(id);
      // Known by now of something that was read earlier, perhaps: the newer of the two counts.
      const isKnown = known?.outdated === false;
      if (isKnown && (row === null || row.endpoint.version <= known.endpoint.version)) return known;
      const load = this.#stateLoads.get(id);
      if (load?.outdated === true) {
        load.outdated = false;
        continue;
      }
      return row === null ? null : this.#adopt(row);
    }
  }

  /** What memory knows about health is newer than what was read. */
  #adopt({ endpoint, health }: EndpointWithHealth): EndpointState {
    const known = this.#states.get(endpoint.id);
    if (known === undefined) {
      const state = new EndpointState(endpoint, health);
      this.#states.set(endpoint.id, state);
      return state;
    }
    if (endpoint.version > known.endpoint.version || known.undone) known.replace(endpoint, false);
    known.outdated = false;
    return known;
  }

  #evict(keep: OrganizationView): void {
    for (const [organizationId, view] of this.#views) {
      // A view costs something also when it is empty.
      if (this.#endpointsInViews + this.#views.size <= this.#endpointsMax) return;
      if (view === keep) continue;
      if (!view.used) {
        this.#drop(organizationId, view);
        continue;
      }
      view.used = false;
      this.#views.delete(organizationId);
      this.#views.set(organizationId, view);
    }
  }

  #drop(organizationId: OrganizationId, view: OrganizationView): void {
    this.#views.delete(organizationId);
    this.#endpointsInViews -= view.size;
    for (const state of view.states()) {
      state.inView = false;
      this.#forgetUnused(state);
    }
  }

  /** Forgets a state that was loaded for itself and that no lane took. */
  #forgetUnused(state: EndpointState): void {
    if (!state.inView && !state.inLane && !this.#held.has(state.id)) this.#states.delete(state.id);
  }
}
