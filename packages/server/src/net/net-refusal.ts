import type { SendFailure } from './sender.ts';

/** An error of our own on the way to a connection. Its detail may be shown to a tenant. */
export class NetRefusal extends Error {
  override readonly name = 'NetRefusal';
  readonly code = 'ERR_NET_REFUSAL';
  readonly failure: SendFailure;
  readonly detail: string;

  constructor(failure: SendFailure, detail: string) {
    super(detail);
    this.failure = failure;
    this.detail = detail;
  }
}

export function blockedAddress(): NetRefusal {
  return new NetRefusal('blocked_address', 'The host resolves to an address that deliveries may not go to.');
}
