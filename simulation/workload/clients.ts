import type { Caller } from '../../packages/server/src/app/caller.ts';
import type { AppContext } from '../../packages/server/src/app/context.ts';
import type { Outcome } from '../../packages/server/src/app/outcome.ts';
import { vouched } from '../../packages/server/src/app/vouched.ts';
import type { OrganizationId } from '../../packages/server/src/domain/ids.ts';
import { SCOPES } from '../../packages/server/src/domain/scope.ts';
import { StoreUnavailable } from '../../packages/server/src/store/port.ts';
import { Violation } from '../model/violation.ts';
import type { SimulatedNode } from '../node.ts';
import type { World } from '../world.ts';

/** What a client learns of its call. */
export type Answer<T> =
  | { readonly kind: 'done'; readonly value: T; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  /** No answer: it may have been done or not. */
  | { readonly kind: 'lost' };

const LOST = { kind: 'lost' } as const;
const SCOPE_SET = new Set(SCOPES);
/** After that no client waits any more. */
const PATIENCE_MS = 30_000;

/** Those who call the API, on any node that is up. */
export class Clients {
  readonly #world: World;
  readonly #nodes: readonly SimulatedNode[];

  constructor(world: World, nodes: readonly SimulatedNode[]) {
    this.#world = world;
    this.#nodes = nodes;
  }

  callerOf(organizationId: OrganizationId): Caller {
    return { organizationId, actor: 'simulated', scopes: SCOPE_SET, requestId: 'simulated', address: null };
  }

  anyNode(): SimulatedNode {
    return this.#world.random.pick(this.#nodes);
  }

  /** Calls a node and hands on what is heard of it, once. */
  call<T>(run: (app: AppContext) => Promise<Outcome<T>>, done: (answer: Answer<T>) => void, on?: SimulatedNode): void {
    const node = on ?? this.anyNode();
    const { running } = node;
    const { agenda } = this.#world;
    if (running === null) {
      agenda.after(5, () => done(LOST));
      return;
    }
    let isOpen = true;
    const end = (answer: Answer<T>): void => {
      if (!isOpen) return;
      isOpen = false;
      forget();
      patience.cancel();
      try {
        done(answer);
      } catch (error) {
        this.#world.fail(error);
      }
    };
    const lost = (): void => end(LOST);
    const forget = node.onceDown(lost);
    const patience = agenda.after(PATIENCE_MS, lost);
    running.process.wake(() => {
      admitted(running.app, run).then(
        (outcome) => end(answerOf(outcome)),
        (error: unknown) => {
          if (!(error instanceof StoreUnavailable) && running.process.alive) {
            const detail = error instanceof Error ? error.stack : String(error);
            this.#world.fail(new Violation('sound', `a use case broke: ${detail}`));
          }
          lost();
        },
      );
    });
  }
}

/** As whoever authenticates does: a node that cannot vouch for what it knows, nor for its clock, lets nobody in. */
async function admitted<T>(app: AppContext, run: (app: AppContext) => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const refusal = await vouched(app, () => null);
  return refusal ?? (await run(app));
}

function answerOf<T>(outcome: Outcome<T>): Answer<T> {
  return outcome.ok
    ? { kind: 'done', value: outcome.value, replayed: outcome.replayed }
    : { kind: 'refused', code: outcome.problem.code, detail: outcome.problem.detail };
}
