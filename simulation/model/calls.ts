/** First of the times that stand for calls in `occurredAt`: 2001, which no clock of the simulation shows. */
export const CALLS_BEGIN_AT = Date.UTC(2001, 0, 1);
