import type { Clock } from '../domain/clock.ts';
import type { Endpoint, SuspensionReason } from '../domain/endpoint.ts';
import { type SuspensionRule, suspendEndpoint, suspensionAfter } from '../domain/endpoint-status.ts';
import type { IdSource } from '../domain/ids.ts';
import { STORE_CONFLICT_RETRIES_MAX } from '../domain/limits.ts';
import type { Command, Store } from '../store/port.ts';
import type { EndpointState } from './endpoint-state.ts';
import type { EngineTelemetry } from './telemetry.ts';

/** Suspends endpoints by themselves: a 410 at once, failures when there are many in a row and for long. */
export class Suspension {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #telemetry: EngineTelemetry;
  readonly #rule: SuspensionRule;
  /** The suspension was not written: the lane may go on. */
  readonly #onLeftActive: (state: EndpointState) => void;
  readonly #underway = new Set<Promise<void>>();

  constructor(
    tools: {
      readonly store: Store;
      readonly clock: Clock;
      readonly ids: IdSource;
      readonly telemetry: EngineTelemetry;
    },
    rule: SuspensionRule,
    onLeftActive: (state: EndpointState) => void,
  ) {
    this.#store = tools.store;
    this.#clock = tools.clock;
    this.#ids = tools.ids;
    this.#telemetry = tools.telemetry;
    this.#rule = rule;
    this.#onLeftActive = onLeftActive;
  }

  /** Looks at an endpoint after a failed attempt. Its lane sends nothing while the suspension is being written. */
  consider(state: EndpointState, responseStatus: number | null, now: number): void {
    if (!state.isActive || state.suspending) return;
    const reason = suspensionAfter(state.health, responseStatus, this.#rule, now);
    if (reason === null) return;
    state.suspending = true;
    const work = this.#suspend(state, reason).finally(() => this.#underway.delete(work));
    this.#underway.add(work);
  }

  async drain(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  async #suspend(state: EndpointState, reason: SuspensionReason): Promise<void> {
    try {
      await this.#write(state, reason);
    } catch (error) {
      // The next failure asks again.
      this.#telemetry.storeRefused('suspend', error);
    }
    state.suspending = false;
    if (state.isActive) this.#onLeftActive(state);
  }

  async #write(state: EndpointState, reason: SuspensionReason): Promise<void> {
    let endpoint: Endpoint | null = state.endpoint;
    for (let tries = 0; endpoint !== null && tries <= STORE_CONFLICT_RETRIES_MAX; tries += 1) {
      const now = this.#clock.now();
      // Someone resumed it meanwhile, which cleared the counters.
      if (tries > 0 && reason === 'failing' && suspensionAfter(state.health, null, this.#rule, now) === null) return;
      const move = suspendEndpoint(endpoint, reason, now);
      if (move.kind !== 'changed') return;
      const applied = await this.#store.apply(this.#commands(state, endpoint, move.endpoint, reason, now));
      if (applied.kind === 'applied') {
        const { organizationId, id: endpointId } = endpoint;
        const { consecutiveFailures } = state.health;
        this.#telemetry.endpointSuspended({ organizationId, endpointId, reason, consecutiveFailures });
        return;
      }
      endpoint = (await this.#store.reader.endpointById(state.id))?.endpoint ?? null;
    }
  }

  #commands(
    state: EndpointState,
    before: Endpoint,
    endpoint: Endpoint,
    reason: SuspensionReason,
    at: number,
  ): readonly Command[] {
    const { consecutiveFailures, failingSince } = state.health;
    return [
      { kind: 'endpoint.put', endpoint, expectedVersion: before.version, resetHealth: false },
      {
        kind: 'audit.append',
        row: {
          id: this.#ids.next('aud'),
          at,
          organizationId: endpoint.organizationId,
          actor: 'system',
          action: 'endpoint.suspended',
          target: endpoint.id,
          reason,
          address: null,
          requestId: null,
          detail: { consecutiveFailures, failingSince },
        },
      },
    ];
  }
}
