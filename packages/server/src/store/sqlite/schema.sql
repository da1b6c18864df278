CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  dialect TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE attempts (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  delivery INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  response_status INTEGER,
  error_kind TEXT,
  error_detail TEXT,
  dns_ms REAL,
  connect_ms REAL,
  tls_ms REAL,
  first_byte_ms REAL,
  total_ms REAL NOT NULL,
  ring_version INTEGER NOT NULL,
  key_ids TEXT NOT NULL,
  response_headers TEXT,
  response_excerpt BLOB
) STRICT;

CREATE INDEX attempts_by_delivery ON attempts (delivery);

CREATE INDEX attempts_by_endpoint ON attempts (endpoint);

CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL
, address TEXT, id TEXT, request_id TEXT) STRICT;

CREATE INDEX audit_by_organization ON audit (organization_id);

CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TABLE deliveries (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  organization INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  event INTEGER NOT NULL,
  status TEXT NOT NULL,
  attempt_count INTEGER NOT NULL,
  last_response_status INTEGER,
  last_error_kind TEXT,
  last_attempt_at INTEGER,
  ended_at INTEGER,
  death_reason TEXT,
  resend_of TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint);

CREATE INDEX deliveries_by_event ON deliveries (event);

CREATE UNIQUE INDEX deliveries_by_id ON deliveries (organization, id);

CREATE INDEX deliveries_cancelled ON deliveries (organization) WHERE status = 'cancelled';

CREATE INDEX deliveries_cancelled_by_endpoint ON deliveries (endpoint) WHERE status = 'cancelled';

CREATE INDEX deliveries_dead ON deliveries (organization) WHERE status = 'dead';

CREATE INDEX deliveries_dead_by_endpoint ON deliveries (endpoint) WHERE status = 'dead';

CREATE TABLE due_endpoints (
  endpoint INTEGER PRIMARY KEY,
  due_at INTEGER NOT NULL
) STRICT;

CREATE INDEX due_endpoints_by_time ON due_endpoints (due_at);

CREATE TABLE endpoint_health (
  endpoint INTEGER PRIMARY KEY,
  consecutive_failures INTEGER NOT NULL,
  failing_since INTEGER,
  last_success_at INTEGER,
  last_failure_at INTEGER
) STRICT;

CREATE TABLE endpoints (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  organization INTEGER NOT NULL,
  url TEXT NOT NULL,
  status TEXT NOT NULL,
  status_reason TEXT,
  status_at INTEGER,
  -- 1 while an archived endpoint may still have queued deliveries.
  draining INTEGER NOT NULL DEFAULT 0,
  settings TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX endpoints_archived ON endpoints (organization) WHERE status = 'archived';

CREATE INDEX endpoints_by_organization ON endpoints (organization, id);

CREATE INDEX endpoints_draining ON endpoints (number) WHERE draining = 1;

CREATE INDEX endpoints_subscribed ON endpoints (organization) WHERE status <> 'archived';

CREATE INDEX endpoints_suspended ON endpoints (status_at) WHERE status = 'suspended';

CREATE TABLE erasures (
  event INTEGER PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE event_ids (
  organization INTEGER NOT NULL,
  id TEXT NOT NULL,
  event INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  organization INTEGER NOT NULL,
  -- Null: the key is the public id.
  id TEXT,
  type TEXT NOT NULL,
  -- Null: application/json.
  content_type TEXT,
  -- Null: created_at.
  occurred_at INTEGER,
  created_at INTEGER NOT NULL,
  payload BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_by_key ON events (organization, key);

CREATE TABLE idempotency (
  principal TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  reference TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE keyrings (
  owner TEXT PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
  incarnation INTEGER PRIMARY KEY,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  external_id TEXT UNIQUE,
  name TEXT NOT NULL,
  rotation_policy TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE queue (
  delivery INTEGER PRIMARY KEY,
  endpoint INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  -- The incarnation that keeps it in memory; null: it waits here.
  lease INTEGER
) STRICT;

CREATE INDEX queue_waiting ON queue (endpoint, due_at) WHERE lease IS NULL;

CREATE TABLE secret_history (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  position INTEGER NOT NULL,
  number INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  activates_at INTEGER,
  superseded_at INTEGER,
  expires_at INTEGER,
  revoked_at INTEGER,
  signs_from INTEGER,
  signs_until INTEGER,
  ends_at INTEGER,
  origin TEXT NOT NULL,
  hint TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  public_key TEXT,
  actor TEXT NOT NULL,
  reason TEXT,
  sealed TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX secret_history_by_owner ON secret_history (owner, number);

CREATE INDEX secret_history_sealed ON secret_history (ends_at) WHERE sealed IS NOT NULL;

CREATE TABLE secrets (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  position INTEGER NOT NULL,
  number INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  activates_at INTEGER,
  superseded_at INTEGER,
  expires_at INTEGER,
  revoked_at INTEGER,
  signs_from INTEGER,
  signs_until INTEGER,
  -- The earlier of expires_at and revoked_at.
  ends_at INTEGER,
  origin TEXT NOT NULL,
  hint TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  public_key TEXT,
  actor TEXT NOT NULL,
  reason TEXT,
  sealed TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX secrets_active ON secrets (activates_at) WHERE superseded_at IS NULL AND ends_at IS NULL;

CREATE INDEX secrets_by_owner ON secrets (owner, number);

CREATE INDEX secrets_ending ON secrets (ends_at) WHERE ends_at IS NOT NULL;

CREATE TABLE service_keys (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL
) STRICT, WITHOUT ROWID;
