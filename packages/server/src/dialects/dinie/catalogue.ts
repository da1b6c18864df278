/** Every event type of Dinie. */
export const CATALOGUE = [
  'customer.created',
  'customer.under_review',
  'customer.kyc_updated',
  'customer.active',
  'customer.denied',
  'credit_offer.available',
  'credit_offer.expired',
  'loan.created',
  'loan.contract_generated',
  'loan.awaiting_signatures',
  'loan.signed',
  'loan.disbursing',
  'loan.processing',
  'loan.active',
  'loan.payment_received',
  'loan.finished',
  'loan.cancelled',
  'loan.error',
] as const;

/** What a subscription may name. */
export const SUBSCRIPTIONS = [...CATALOGUE, 'customer.*', 'credit_offer.*', 'loan.*', '*'] as const;
