import type { HealthSources } from '../http/health.ts';
import type { Store } from '../store/port.ts';

export type Readiness = { readonly check: HealthSources['ready']; become(state: 'working' | 'stopping'): void };

/** Whether a load balancer may send work here: it runs, its memory is what the database says, and that takes writes. */
export function readiness(store: Store): Readiness {
  let state: 'idle' | 'working' | 'stopping' = 'idle';
  return {
    async check() {
      if (state !== 'working') return { ok: false, reason: state === 'idle' ? 'not sending' : 'stopping' };
      const { currency, clock } = store;
      if (currency.goodUntil <= clock.monotonic() && !(await currency.renew())) {
        return { ok: false, reason: 'what other nodes changed cannot be read' };
      }
      await store.ping();
      return { ok: true };
    },
    become(next) {
      state = next;
    },
  };
}
