/** What must hold whatever happens, by its number in DESIGN.md where it has one. */
export const INVARIANTS = {
  durable: '1 accepted is durable',
  recorded: '1 nothing is sent once its 2xx was recorded',
  signed: '2 live means signed',
  atomic: '3 a rotation is atomic',
  prompt: '4 a rotation is prompt',
  shown: '5 secrets are shown once',
  walls: '6 tenants are walls',
  isolated: '7 no endpoint slows another',
  history: '8 attempts are history',
  closed: '9 private networks are closed',
  current: '10 read your writes',
  leased: 'no two nodes hold one lease',
  once: 'duplicates are explained by faults',
  sound: 'the engine meets no fault',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** An invariant did not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string, options?: ErrorOptions) {
    super(`${INVARIANTS[invariant]}: ${detail}`, options);
    this.invariant = invariant;
  }
}

/** How often each invariant was looked at. */
export class Checks {
  readonly counts: Record<Invariant, number> = {
    durable: 0,
    recorded: 0,
    signed: 0,
    atomic: 0,
    prompt: 0,
    shown: 0,
    walls: 0,
    isolated: 0,
    history: 0,
    closed: 0,
    current: 0,
    leased: 0,
    once: 0,
    sound: 0,
  };

  /** Is told of the first and of those behind it. */
  onViolation: (violation: Violation) => void = () => {};

  /** Throws unless it holds; `detail` is asked for only then. */
  that(invariant: Invariant, holds: boolean, detail: () => string): void {
    this.counts[invariant] += 1;
    if (holds) return;
    const violation = new Violation(invariant, detail());
    // Whoever called may swallow what is thrown.
    this.onViolation(violation);
    throw violation;
  }
}
