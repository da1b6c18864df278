CREATE INDEX api_keys_by_organization ON public.api_keys USING btree (organization_id, id);

CREATE INDEX attempts_by_delivery ON ONLY public.attempts USING btree (delivery);

CREATE INDEX attempts_by_endpoint ON ONLY public.attempts USING btree (endpoint, id);

CREATE INDEX attempts_by_transaction ON ONLY public.attempts USING btree (recorded);

CREATE INDEX audit_by_organization ON public.audit USING btree (organization_id, number);

CREATE INDEX changes_by_time ON public.changes USING btree (at);

CREATE INDEX deliveries_by_endpoint ON ONLY public.deliveries USING btree (endpoint, id);

CREATE INDEX deliveries_by_event ON ONLY public.deliveries USING btree (event);

CREATE INDEX due_endpoints_by_time ON public.due_endpoints USING btree (due_at) WHERE (taken_by IS NULL);

CREATE INDEX due_endpoints_taken ON public.due_endpoints USING btree (taken_by) WHERE (taken_by IS NOT NULL);

CREATE INDEX endpoints_archived ON public.endpoints USING btree (organization) WHERE (status = 'archived'::text);

CREATE INDEX endpoints_by_organization ON public.endpoints USING btree (organization, id);

CREATE INDEX endpoints_draining ON public.endpoints USING btree (number) WHERE draining;

CREATE INDEX endpoints_subscribed ON public.endpoints USING btree (organization) WHERE (status <> 'archived'::text);

CREATE INDEX endpoints_suspended ON public.endpoints USING btree (status_at) WHERE (status = 'suspended'::text);

CREATE INDEX event_ids_by_expiry ON public.event_ids USING btree (expires_at);

CREATE INDEX failed_deliveries_by_organization ON ONLY public.failed_deliveries USING btree (organization, status, delivery);

CREATE INDEX idempotency_by_expiry ON public.idempotency USING btree (expires_at);

CREATE INDEX queue_leased ON public.queue USING btree (lease) WHERE (lease IS NOT NULL);

CREATE INDEX queue_resends ON public.queue USING btree (event) WHERE resend;

CREATE INDEX queue_waiting ON public.queue USING btree (endpoint, due_at, delivery) WHERE (lease IS NULL);

CREATE INDEX secret_history_by_owner ON public.secret_history USING btree (owner, number);

CREATE INDEX secret_history_sealed ON public.secret_history USING btree (ends_at) WHERE (sealed IS NOT NULL);

CREATE INDEX secrets_active ON public.secrets USING btree (activates_at) WHERE ((superseded_at IS NULL) AND (ends_at IS NULL));

CREATE INDEX secrets_by_owner ON public.secrets USING btree (owner, number);

CREATE INDEX secrets_ending ON public.secrets USING btree (ends_at) WHERE (ends_at IS NOT NULL);

CREATE OR REPLACE FUNCTION public.audit_is_append_only()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $function$;

CREATE OR REPLACE FUNCTION public.ids_since(id uuid)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT (lpad(to_hex(greatest(
    ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint - 600000, 0)), 12, '0') || repeat('0', 20))::uuid
$function$;

CREATE TABLE api_keys (
  id text COLLATE "C" NOT NULL,
  organization_id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  token_hash text COLLATE "C" NOT NULL,
  hint text NOT NULL,
  dialect text NOT NULL,
  scopes text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint
);

CREATE TABLE attempts (
  id uuid NOT NULL,
  delivery uuid NOT NULL,
  recorded bigint NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
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

CREATE TABLE audit (
  number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
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

CREATE TABLE batches (
  writer integer NOT NULL,
  number bigint NOT NULL,
  numbers integer[],
  deliveries uuid[],
  at bigint NOT NULL DEFAULT (floor((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric)))::bigint
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000, autovacuum_vacuum_cost_delay=0);

CREATE TABLE change_counter (
  number bigint NOT NULL
);

CREATE TABLE changes (
  number bigint NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  endpoints_version bigint,
  health_reset boolean NOT NULL DEFAULT false,
  at bigint NOT NULL
);

CREATE TABLE deliveries (
  id uuid NOT NULL,
  event uuid NOT NULL,
  organization integer NOT NULL,
  endpoint integer NOT NULL,
  created_at bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending'::text,
  attempt_count integer NOT NULL DEFAULT 0,
  last_response_status integer,
  last_attempt_at bigint,
  ended_at bigint,
  last_error_kind text,
  death_reason text,
  resend_of uuid
) PARTITION BY RANGE (id);

CREATE TABLE due_endpoints (
  endpoint integer NOT NULL,
  due_at bigint NOT NULL,
  taken_by integer,
  revision bigint NOT NULL DEFAULT 0
) WITH (fillfactor=50, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=1000, autovacuum_vacuum_cost_delay=0);

CREATE TABLE endpoint_health (
  endpoint integer NOT NULL,
  consecutive_failures bigint NOT NULL,
  failing_since bigint,
  last_success_at bigint,
  last_failure_at bigint
) WITH (fillfactor=50);

CREATE TABLE endpoints (
  number integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" NOT NULL,
  organization integer NOT NULL,
  url text NOT NULL,
  status text NOT NULL,
  status_reason text,
  status_at bigint,
  draining boolean NOT NULL DEFAULT false,
  settings text NOT NULL,
  version bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE erasures (
  event uuid NOT NULL,
  at bigint NOT NULL
);

CREATE TABLE event_ids (
  organization integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  event uuid NOT NULL,
  fingerprint text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);

CREATE TABLE events (
  key uuid NOT NULL,
  organization integer NOT NULL,
  id text COLLATE "C",
  type text NOT NULL,
  content_type text,
  occurred_at bigint,
  created_at bigint NOT NULL,
  payload bytea STORAGE e NOT NULL
) PARTITION BY RANGE (key);

CREATE TABLE failed_deliveries (
  delivery uuid NOT NULL,
  endpoint integer NOT NULL,
  organization integer NOT NULL,
  status text NOT NULL
) PARTITION BY RANGE (delivery);

CREATE TABLE hookring_schema (
  version integer NOT NULL,
  migrated_at timestamp with time zone NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE idempotency (
  principal text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint text NOT NULL,
  reference text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);

CREATE TABLE jobs (
  name text NOT NULL,
  incarnation integer NOT NULL,
  held_until bigint NOT NULL
);

CREATE TABLE keyrings (
  owner text COLLATE "C" NOT NULL,
  version bigint NOT NULL
);

CREATE TABLE nodes (
  incarnation integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  started_at bigint NOT NULL,
  seen_at bigint NOT NULL
);

CREATE TABLE organizations (
  number integer NOT NULL GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" NOT NULL,
  external_id text COLLATE "C",
  name text NOT NULL,
  rotation_policy text NOT NULL,
  version bigint NOT NULL,
  endpoints_version bigint NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE queue (
  delivery uuid NOT NULL,
  event uuid NOT NULL,
  organization integer NOT NULL,
  endpoint integer NOT NULL,
  due_at bigint NOT NULL,
  lease integer,
  resend boolean NOT NULL DEFAULT false
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_threshold=2000, autovacuum_vacuum_cost_delay=0);

CREATE TABLE secret_history (
  id text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  "position" integer NOT NULL,
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

CREATE TABLE secrets (
  id text COLLATE "C" NOT NULL,
  owner text COLLATE "C" NOT NULL,
  "position" integer NOT NULL,
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

CREATE TABLE service_keys (
  name text COLLATE "C" NOT NULL,
  sealed text NOT NULL
);

CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

CREATE TRIGGER audit_keeps_rows BEFORE DELETE OR UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

CREATE UNIQUE INDEX api_keys_pkey ON public.api_keys USING btree (id) /* primary key */;

CREATE UNIQUE INDEX api_keys_token_hash_key ON public.api_keys USING btree (token_hash);

CREATE UNIQUE INDEX audit_pkey ON public.audit USING btree (number) /* primary key */;

CREATE UNIQUE INDEX batches_pkey ON public.batches USING btree (writer, number) /* primary key */;

CREATE UNIQUE INDEX changes_pkey ON public.changes USING btree (number) /* primary key */;

CREATE UNIQUE INDEX deliveries_pkey ON ONLY public.deliveries USING btree (organization, id) /* primary key */;

CREATE UNIQUE INDEX due_endpoints_pkey ON public.due_endpoints USING btree (endpoint) /* primary key */;

CREATE UNIQUE INDEX endpoint_health_pkey ON public.endpoint_health USING btree (endpoint) /* primary key */;

CREATE UNIQUE INDEX endpoints_id_key ON public.endpoints USING btree (id);

CREATE UNIQUE INDEX endpoints_pkey ON public.endpoints USING btree (number) /* primary key */;

CREATE UNIQUE INDEX erasures_pkey ON public.erasures USING btree (event) /* primary key */;

CREATE UNIQUE INDEX event_ids_pkey ON public.event_ids USING btree (organization, id) /* primary key */;

CREATE UNIQUE INDEX events_pkey ON ONLY public.events USING btree (organization, key) /* primary key */;

CREATE UNIQUE INDEX failed_deliveries_pkey ON ONLY public.failed_deliveries USING btree (endpoint, status, delivery) /* primary key */;

CREATE UNIQUE INDEX hookring_schema_pkey ON public.hookring_schema USING btree (version) /* primary key */;

CREATE UNIQUE INDEX idempotency_pkey ON public.idempotency USING btree (principal, route, key) /* primary key */;

CREATE UNIQUE INDEX jobs_pkey ON public.jobs USING btree (name) /* primary key */;

CREATE UNIQUE INDEX keyrings_pkey ON public.keyrings USING btree (owner) /* primary key */;

CREATE UNIQUE INDEX nodes_pkey ON public.nodes USING btree (incarnation) /* primary key */;

CREATE UNIQUE INDEX organizations_external_id_key ON public.organizations USING btree (external_id);

CREATE UNIQUE INDEX organizations_id_key ON public.organizations USING btree (id);

CREATE UNIQUE INDEX organizations_pkey ON public.organizations USING btree (number) /* primary key */;

CREATE UNIQUE INDEX queue_pkey ON public.queue USING btree (delivery) /* primary key */;

CREATE UNIQUE INDEX secret_history_pkey ON public.secret_history USING btree (id) /* primary key */;

CREATE UNIQUE INDEX secrets_pkey ON public.secrets USING btree (id) /* primary key */;

CREATE UNIQUE INDEX service_keys_pkey ON public.service_keys USING btree (name) /* primary key */;
