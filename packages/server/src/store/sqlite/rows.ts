/** Joined columns that tell a delivery and how it is shown. */
export const DELIVERY_COLUMNS = `d.number, d.id, o.id AS organization_id, p.id AS endpoint_id, v.key AS event_key,
  v.id AS event_id, v.type AS event_type, (SELECT x.at FROM erasures x WHERE x.event = v.number) AS event_erased_at,
  d.status, d.attempt_count, d.last_response_status, d.last_error_kind,
  d.last_attempt_at, d.ended_at, d.death_reason, d.resend_of, d.created_at, q.due_at, q.lease,
  p.status AS endpoint_status, p.status_at AS endpoint_status_at`;
export const DELIVERY_JOINS = `
  JOIN organizations o ON o.number = d.organization
  JOIN endpoints p ON p.number = d.endpoint
  JOIN events v ON v.number = d.event`;
