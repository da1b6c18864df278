import type { Static } from 'typebox';
import { invalid, parseTime, Refusal } from '../public.ts';
import { ids } from './mapping.ts';
import type { DeliveriesQuery } from './schemas.ts';

/** The filters of the log as the engine takes them, or what is wrong with them. */
export function readFilters(query: Static<typeof DeliveriesQuery>) {
  const since = readTime('since', query.since);
  const until = readTime('until', query.until);
  if (Refusal.is(since)) return since;
  if (Refusal.is(until)) return until;
  if (since !== null && until !== null && since > until) {
    return invalid('?since', 'must not be later than until', 'out_of_range');
  }
  const { http_status_min: statusMin = null, http_status_max: statusMax = null, endpoint_id: id } = query;
  if (statusMin !== null && statusMax !== null && statusMin > statusMax) {
    return invalid('?http_status_min', 'must not be greater than http_status_max', 'out_of_range');
  }
  const endpointId = id === undefined ? null : ids.endpoint.decode(id);
  if (id !== undefined && endpointId === null) return invalid('?endpoint_id', 'must be a uuid', 'wrong_format');
  const { event_type: eventType = null, outcome = null } = query;
  return { endpointId, eventType, outcome, since, until, statusMin, statusMax };
}

/** Epoch milliseconds; null when the time was not given. */
function readTime(name: string, text: string | undefined): number | null | Refusal {
  if (text === undefined) return null;
  return parseTime(text) ?? invalid(`?${name}`, 'must be a date-time such as "2026-04-26T12:00:00Z"', 'wrong_format');
}
