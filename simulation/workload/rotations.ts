import { type Rotated, type RotateInput, rotate } from '../../packages/server/src/app/rotate.ts';
import { revokeSecret } from '../../packages/server/src/app/secrets.ts';
import type { OrganizationId, SecretId } from '../../packages/server/src/domain/ids.ts';
import type { RingOwner } from '../../packages/server/src/domain/secret.ts';
import type { Keyholder } from '../network/keyholder.ts';
import { STEP } from '../trace.ts';
import type { World } from '../world.ts';
import type { Answer, Clients } from './clients.ts';
import type { Population } from './population.ts';

/** A rotation that a customer asks for. */
type Wish = {
  readonly owner: RingOwner;
  readonly organizationId: OrganizationId;
  readonly graceSeconds: number | null;
  readonly force: boolean;
  readonly reason: string | null;
  readonly secret: string | null;
};

/** The shortest grace that is given; every customer acts within half of it. */
const GRACE_SECONDS_MIN = 300;
const TRIES_MAX = 60;
/** Whoever is told so asks again: an earlier call, whose answer was lost, may have been done. */
const TRY_AGAIN = new Set(['idempotency_key_in_flight', 'store_unavailable', 'overloaded', 'conflict']);
/** A rotation is answered within so long while nothing is wrong. */
const ANSWER_MS_MAX = 1_500;

/** Rotations of every kind, and what customers do with the secrets that they are given. */
export class Rotations {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #population: Population;
  underway = 0;

  constructor(world: World, clients: Clients, population: Population) {
    this.#world = world;
    this.#clients = clients;
    this.#population = population;
  }

  /** Begins one of some kind, unless the customer is still at the last one. */
  begin(owner: RingOwner, organizationId: OrganizationId): void {
    const keyholder = this.#population.keyholders.get(owner);
    if (keyholder === undefined || keyholder.isBusy) return;
    const { random } = this.#world;
    const wish: Wish = { owner, organizationId, graceSeconds: this.#grace(), force: false, reason: null, secret: null };
    const kind = random.below(100);
    if (kind < 28) this.#soft(keyholder, wish);
    else if (kind < 48) this.#soft(keyholder, { ...wish, force: true });
    else if (kind < 58) this.#soft(keyholder, { ...wish, secret: this.#ownSecret() });
    else if (kind < 68) this.#hard(keyholder, [{ ...wish, graceSeconds: 0 }]);
    else if (kind < 75) this.#hard(keyholder, [{ ...wish, graceSeconds: null, reason: 'compromise' }]);
    else if (kind < 92) this.#hard(keyholder, [wish, { ...wish, force: true }]);
    else this.#revokeOld(keyholder, wish);
  }

  #grace(): number | null {
    const { random } = this.#world;
    return random.chance(0.15) ? null : random.between(GRACE_SECONDS_MIN, 4 * GRACE_SECONDS_MIN);
  }

  #ownSecret(): string {
    const bytes = new Uint8Array(32);
    this.#world.random.fillBytes(bytes);
    return `whsec_${Buffer.from(bytes).toString('base64')}`;
  }

  /** The old secret lives on for long enough. */
  #soft(keyholder: Keyholder, wish: Wish): void {
    const { agenda, random } = this.#world;
    this.#busy(keyholder, true);
    this.#ask(keyholder, wish, true, (secretId) => {
      if (secretId === null) return this.#busy(keyholder, false);
      const actsAfterMs = random.chance(0.5) ? random.between(0, 2_000) : random.between(0, 60_000);
      agenda.after(actsAfterMs, () => {
        if (random.chance(0.5)) keyholder.keepOnly(secretId);
        else keyholder.deploy(secretId);
        keyholder.isUnsure = false;
        this.#busy(keyholder, false);
      });
    });
  }

  /** Whoever asks for this knows that its receivers refuse everything until they have the new secret. */
  #hard(keyholder: Keyholder, wishes: readonly Wish[]): void {
    const { agenda, random } = this.#world;
    this.#busy(keyholder, true);
    keyholder.hardRotations += 1;
    let open = wishes.length;
    const one = (): void => {
      open -= 1;
      if (open > 0) return;
      keyholder.hardRotations -= 1;
      this.#busy(keyholder, false);
    };
    for (const wish of wishes) {
      this.#ask(keyholder, wish, wishes.length === 1, (secretId) => {
        if (secretId === null) return one();
        agenda.after(random.between(0, 3_000), () => {
          keyholder.deploy(secretId);
          one();
        });
      });
    }
  }

  /** Ends a secret that nobody verifies with any more. */
  #revokeOld(keyholder: Keyholder, { owner, organizationId }: Wish): void {
    const ring = this.#world.model.ring(owner);
    const now = this.#world.model.options.ringNow();
    const old = ring.secrets.find(
      ({ id, supersededAt }) => supersededAt !== null && supersededAt < now && !keyholder.deployed.has(id),
    );
    if (old === undefined) return;
    const request = this.#population.request('revokeSecret');
    this.#busy(keyholder, true);
    const input = { owner, secretId: old.id, dialectPolicy: null, archived: 'shown' as const };
    const wall = this.#wallFor(owner);
    this.#clients.call(
      (app) => revokeSecret(app, this.#clients.callerOf(organizationId), input, request),
      (answer) => {
        this.#busy(keyholder, false);
        if (answer.kind !== 'done') return;
        const { model, trace, agenda } = this.#world;
        trace.add(agenda.now, STEP.control, 0, 0, 0, `revoked ${old.id}`);
        const signing = ring.keyIdsAt(model.options.ringNow());
        const isInForce = !signing.includes(old.id) || wall === null || wall !== this.#wallFor(owner);
        model.checks.that('prompt', isInForce, () => `${old.id} was answered as revoked and signs`);
      },
    );
  }

  /** Asks until there is an answer, always under the same Idempotency-Key; null: it was refused. */
  #ask(keyholder: Keyholder, wish: Wish, isAlone: boolean, done: (secretId: SecretId | null) => void): void {
    const { agenda, random, model, trace } = this.#world;
    const { organizationId, owner, graceSeconds, force, reason, secret } = wish;
    const request = this.#population.request('rotate');
    const input: RotateInput = {
      owner,
      graceSeconds,
      force,
      reason,
      secret,
      algorithm: null,
      spelling: 'whsec',
      dialectPolicy: null,
      archived: 'shown',
    };
    const attempt = (tries: number): void => {
      const startedAt = agenda.now;
      const wall = this.#wallFor(owner);
      this.#clients.call(
        (app) => rotate(app, this.#clients.callerOf(organizationId), input, request),
        (answer) => {
          const isPending = answer.kind === 'lost' || (answer.kind === 'refused' && TRY_AGAIN.has(answer.code));
          if (isPending && tries < TRIES_MAX) {
            agenda.after(random.between(500, 3_000), () => attempt(tries + 1));
            return;
          }
          if (answer.kind !== 'done') {
            // A customer that never learns what became of it cannot act on it.
            if (isPending) keyholder.isUnsure = true;
            return done(null);
          }
          if (startedAt > model.calmSince && isAlone) {
            const tookMs = agenda.now - startedAt;
            model.checks.that(
              'prompt',
              tookMs <= ANSWER_MS_MAX,
              () => `a rotation of ${owner} took ${tookMs} ms while nothing was wrong`,
            );
          }
          trace.add(agenda.now, STEP.control, 0, 0, 0, `rotated ${owner} to ${answer.value.secret.id}`);
          done(this.#given(keyholder, wish, answer, wall !== null && wall === this.#wallFor(owner)));
        },
      );
    };
    attempt(1);
  }

  #given(
    keyholder: Keyholder,
    wish: Wish,
    { value, replayed }: Extract<Answer<Rotated>, { kind: 'done' }>,
    isWallSteady: boolean,
  ): SecretId | null {
    const { model } = this.#world;
    const { secret, effectiveAt } = value;
    const ring = model.ring(wish.owner);
    const own = wish.secret;
    const now = model.options.ringNow();
    model.checks.that(
      'atomic',
      ring.everHeld.has(secret.id),
      () => `${secret.id} was given out and never stood in the ring of ${ring.owner}`,
    );
    // However the wall clock is set meanwhile, nobody waits for it.
    const isInForce = now >= effectiveAt || replayed || !isWallSteady;
    model.checks.that(
      'prompt',
      isInForce,
      () => `${secret.id} was answered ${effectiveAt - now} ms before it is in force`,
    );
    if (secret.value === null) {
      // It was asked for again after the time in which it may be shown again.
      keyholder.isUnsure = true;
      return null;
    }
    model.checks.that(
      'shown',
      own === null || secret.value === own,
      () => `${secret.id} is not the secret that was brought`,
    );
    keyholder.give(secret.id, secret.value);
    return secret.id;
  }

  /** How the clock stands that rings are decided by; null while it stands before the last change of this one. */
  #wallFor(owner: RingOwner): number | null {
    const { plan, machines, model } = this.#world;
    if (plan.kind !== 'file') return 0;
    return model.ring(owner).lastChangeAt > model.options.ringNow() ? null : (machines[0]?.wallAheadMs ?? 0);
  }

  #busy(keyholder: Keyholder, isBusy: boolean): void {
    keyholder.isBusy = isBusy;
    this.underway += isBusy ? 1 : -1;
  }
}
