/** Every event type of Moonborn. */
export const CATALOGUE = [
  'persona.created',
  'persona.updated',
  'persona.deleted',
  'persona.archived',
  'persona.regenerated',
  'persona.audit_failed',
  'generation.run.started',
  'generation.run.completed',
  'generation.run.failed',
  'subscription.upgraded',
  'subscription.downgraded',
  'subscription.cancelled',
  'marketplace.persona.published',
  'marketplace.persona.purchased',
  'moderation.flagged',
  'webhook.endpoint.test_ping',
] as const;

/** What a subscription may name. */
export const SUBSCRIPTIONS = [...CATALOGUE, '*'] as const;
