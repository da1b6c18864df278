/** Every event type of AgentMessage that can be subscribed to. */
export const CATALOGUE = [
  'brand.vetted',
  'brand.vetting_failed',
  'campaign.approved',
  'campaign.rejected',
  'campaign.shared',
  'wallet.balance_low',
  'wallet.balance_zero',
  'subscription.past_due',
  'subscription.canceled',
  'api_key.created',
  'api_key.rotated',
  'api_key.revoked',
  'phone_number.bulk_order.completed',
  'phone_number.campaign.assigned',
  'consent_pending.confirmed',
  'consent_pending.expired',
  'lookup.completed',
] as const;

/** What the log of deliveries can be searched for: a test is sent, and cannot be subscribed to. */
export const SEARCHABLE = [...CATALOGUE, 'webhook.test'] as const;

export const API_VERSIONS = ['2026-04-01'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];
/** Of an endpoint that says none. */
export const API_VERSION: ApiVersion = '2026-04-01';
