/**
 * Public ids are text where rows are few, and the same 128 bits as `uuid` where they are many: those begin with the time
 * at which they were made, so events, deliveries and attempts are cut into a partition a day by the id itself, which is
 * unique without asking another node. Endpoints and organizations are small numbers inside.
 *
 * Partitions are made by `writer/partitions.ts`, never here: which ones there are depends on the time.
 *
 * Nothing that changes with a delivery stands in an index, so that ending one rewrites its row in place.
 */
export const FIRST_TABLES = `
-- From here on lie the ids of whatever follows from that id: less ten minutes, because clocks of nodes differ a little and
-- ids run ahead where many are made in a millisecond. It bounds a search to the days in which there can be something.
CREATE FUNCTION ids_since(id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(greatest(
    ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint - 600000, 0)), 12, '0') || repeat('0', 20))::uuid
$$;

-- One row for each run of a node; one that has not been seen for a while is gone.
CREATE TABLE nodes (
  incarnation integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL
);

-- A job runs where its row says, until then.
CREATE TABLE jobs (
  name text PRIMARY KEY,
  incarnation integer NOT NULL,
  held_until bigint NOT NULL
);

CREATE TABLE organizations (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  external_id text COLLATE "C" UNIQUE,
  name text NOT NULL,
  rotation_policy text NOT NULL,
  version bigint NOT NULL,
  -- Grows with every change of an endpoint: accepting compares it with what it matched.
  endpoints_version bigint NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE endpoints (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  organization integer NOT NULL,
  url text NOT NULL,
  status text NOT NULL,
  status_reason text,
  status_at bigint,
  -- True while an archived endpoint may still have queued deliveries.
  draining boolean NOT NULL DEFAULT false,
  settings text NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX endpoints_by_organization ON endpoints (organization, id);
CREATE INDEX endpoints_subscribed ON endpoints (organization) WHERE status <> 'archived';
CREATE INDEX endpoints_archived ON endpoints (organization) WHERE status = 'archived';
CREATE INDEX endpoints_suspended ON endpoints (status_at) WHERE status = 'suspended';
CREATE INDEX endpoints_draining ON endpoints (number) WHERE draining;

CREATE TABLE endpoint_health (
  endpoint integer PRIMARY KEY,
  consecutive_failures bigint NOT NULL,
  failing_since bigint,
  last_success_at bigint,
  last_failure_at bigint
) WITH (fillfactor = 50);

CREATE TABLE keyrings (
  owner text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL
);

CREATE TABLE secrets (
  id text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  number bigint NOT NULL,
  algorithm text NOT NULL,
  created_at bigint NOT NULL,
  activates_at bigint,
  superseded_at bigint,
  expires_at bigint,
  revoked_at bigint,
  signs_from bigint,
  signs_until bigint,
  -- The earlier of expires_at and revoked_at.
  ends_at bigint,
  origin text NOT NULL,
  hint text NOT NULL,
  fingerprint text NOT NULL,
  public_key text,
  actor text NOT NULL,
  reason text,
  sealed text
);
CREATE INDEX secrets_by_owner ON secrets (owner, number);
CREATE INDEX secrets_ending ON secrets (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX secrets_active ON secrets (activates_at) WHERE superseded_at IS NULL AND ends_at IS NULL;

CREATE TABLE secret_history (
  id text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  number bigint NOT NULL,
  algorithm text NOT NULL,
  created_at bigint NOT NULL,
  activates_at bigint,
  superseded_at bigint,
  expires_at bigint,
  revoked_at bigint,
  signs_from bigint,
  signs_until bigint,
  ends_at bigint,
  origin text NOT NULL,
  hint text NOT NULL,
  fingerprint text NOT NULL,
  public_key text,
  actor text NOT NULL,
  reason text,
  sealed text
);
CREATE INDEX secret_history_by_owner ON secret_history (owner, number);
CREATE INDEX secret_history_sealed ON secret_history (ends_at) WHERE sealed IS NOT NULL;

CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY,
  organization_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  hint text NOT NULL,
  dialect text NOT NULL,
  scopes text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint
);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE events (
  key uuid NOT NULL,
  organization integer NOT NULL,
  -- Null: the key is the public id.
  id text COLLATE "C",
  type text NOT NULL,
  -- Null: application/json.
  content_type text,
  -- Null: created_at.
  occurred_at bigint,
  created_at bigint NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (organization, key)
) PARTITION BY RANGE (key);
-- Signed bytes are sent far more often than they are stored: never spend time on packing them.
ALTER TABLE events ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Ids that clients chose, while they are taken. They know their event, which may be gone before.
CREATE TABLE event_ids (
  organization integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  event uuid NOT NULL,
  fingerprint text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (organization, id)
);
CREATE INDEX event_ids_by_expiry ON event_ids (expires_at);

-- Whose payloads were erased when.
CREATE TABLE erasures (
  event uuid PRIMARY KEY,
  at bigint NOT NULL
);

CREATE TABLE deliveries (
  id uuid NOT NULL,
  event uuid NOT NULL,
  organization integer NOT NULL,
  endpoint integer NOT NULL,
  created_at bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  attempt_count integer NOT NULL DEFAULT 0,
  last_response_status integer,
  last_attempt_at bigint,
  ended_at bigint,
  last_error_kind text,
  death_reason text,
  resend_of uuid,
  PRIMARY KEY (organization, id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint, id);
CREATE INDEX deliveries_by_event ON deliveries (event);

-- Deliveries that ended dead or cancelled: few, so that finding them costs the others nothing.
CREATE TABLE failed_deliveries (
  delivery uuid NOT NULL,
  endpoint integer NOT NULL,
  organization integer NOT NULL,
  status text NOT NULL,
  PRIMARY KEY (endpoint, status, delivery)
) PARTITION BY RANGE (delivery);
CREATE INDEX failed_deliveries_by_organization ON failed_deliveries (organization, status, delivery);

-- Deliveries that have not ended.
CREATE TABLE queue (
  delivery uuid PRIMARY KEY,
  event uuid NOT NULL,
  organization integer NOT NULL,
  endpoint integer NOT NULL,
  due_at bigint NOT NULL,
  -- The incarnation that keeps it in memory; null: it waits here.
  lease integer,
  -- Of an event that was sent before, perhaps long ago.
  resend boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0);
CREATE INDEX queue_waiting ON queue (endpoint, due_at, delivery) WHERE lease IS NULL;
CREATE INDEX queue_leased ON queue (lease) WHERE lease IS NOT NULL;
CREATE INDEX queue_resends ON queue (event) WHERE resend;

-- Endpoints with waiting deliveries, by their earliest one.
CREATE TABLE due_endpoints (
  endpoint integer PRIMARY KEY,
  due_at bigint NOT NULL,
  -- The incarnation that answers for it; null: none does yet.
  taken_by integer,
  -- Grows with every write: whoever saw an older one must not remove the row.
  revision bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
CREATE INDEX due_endpoints_by_time ON due_endpoints (due_at) WHERE taken_by IS NULL;
CREATE INDEX due_endpoints_taken ON due_endpoints (taken_by) WHERE taken_by IS NOT NULL;

-- Batches of the writers whose answers may not have arrived. Whoever lost one looks here, or makes it void: numbers is null.
CREATE TABLE batches (
  writer integer NOT NULL,
  number bigint NOT NULL,
  numbers integer[],
  deliveries uuid[],
  at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
  PRIMARY KEY (writer, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE attempts (
  id uuid NOT NULL,
  delivery uuid NOT NULL,
  -- The transaction that stored it: those who follow read in the order of transactions that have ended.
  recorded bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  started_at bigint NOT NULL,
  endpoint integer NOT NULL,
  ordinal integer NOT NULL,
  response_status integer,
  ring_version integer NOT NULL,
  dns_ms real,
  connect_ms real,
  tls_ms real,
  first_byte_ms real,
  total_ms real NOT NULL,
  error_kind text,
  error_detail text,
  key_ids text NOT NULL,
  response_headers text,
  response_excerpt bytea
) PARTITION BY RANGE (id);
CREATE INDEX attempts_by_delivery ON attempts (delivery);
CREATE INDEX attempts_by_endpoint ON attempts (endpoint, id);
-- One key for a whole batch, always at the end: 0.9 µs and 7 bytes a row. Ranges of blocks would cost nothing here, and
-- make each look at the newest rows as long as the time since a vacuum.
CREATE INDEX attempts_by_transaction ON attempts (recorded);

CREATE TABLE service_keys (
  name text COLLATE "C" PRIMARY KEY,
  sealed text NOT NULL
);

CREATE TABLE idempotency (
  principal text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint text NOT NULL,
  reference text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE audit (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  organization_id text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  reason text,
  detail text NOT NULL,
  address text,
  request_id text
);
CREATE INDEX audit_by_organization ON audit (organization_id, number);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_keeps_rows BEFORE DELETE OR UPDATE ON audit
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- What other nodes must know. Numbers are given in the order of commits: whoever takes one holds the counter until then.
CREATE TABLE changes (
  number bigint PRIMARY KEY,
  -- organization, endpoint, keyring, resealed, apiKey, queued
  kind text NOT NULL,
  -- The id of what changed; of a ring, its owner.
  subject text NOT NULL,
  -- Of the organization's endpoints with this change; for the kind endpoint alone.
  endpoints_version bigint,
  health_reset boolean NOT NULL DEFAULT false,
  at bigint NOT NULL
);
CREATE INDEX changes_by_time ON changes (at);
CREATE TABLE change_counter (
  number bigint NOT NULL
);
INSERT INTO change_counter (number) VALUES (0);
`;
