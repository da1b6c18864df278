export type TransferRefusalReason =
  | 'source'
  | 'target'
  | 'in_use'
  | 'not_empty'
  | 'other_source'
  | 'busy'
  | 'master_key'
  | 'cancelled';

/** The transfer cannot be made, or cannot go on. Its message is for the operator. */
export class TransferRefusal extends Error {
  override readonly name = 'TransferRefusal';
  readonly reason: TransferRefusalReason;
  readonly problems: readonly string[];
  constructor(
    reason: TransferRefusalReason,
    message: string,
    problems: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.reason = reason;
    this.problems = problems;
  }
}
