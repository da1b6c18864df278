PRAGMA application_id = 1215262571;
PRAGMA user_version = 1;
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
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  reason TEXT,
  detail TEXT NOT NULL
) STRICT;
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
CREATE TABLE due_endpoints (
  endpoint INTEGER PRIMARY KEY,
  due_at INTEGER NOT NULL
) STRICT;
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
CREATE TABLE service_keys (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);
CREATE INDEX attempts_by_delivery ON attempts (delivery);
CREATE INDEX attempts_by_endpoint ON attempts (endpoint);
CREATE INDEX audit_by_organization ON audit (organization_id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint);
CREATE INDEX deliveries_by_event ON deliveries (event);
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (organization, id);
CREATE INDEX deliveries_cancelled ON deliveries (organization) WHERE status = 'cancelled';
CREATE INDEX deliveries_cancelled_by_endpoint ON deliveries (endpoint) WHERE status = 'cancelled';
CREATE INDEX deliveries_dead ON deliveries (organization) WHERE status = 'dead';
CREATE INDEX deliveries_dead_by_endpoint ON deliveries (endpoint) WHERE status = 'dead';
CREATE INDEX due_endpoints_by_time ON due_endpoints (due_at);
CREATE INDEX endpoints_archived ON endpoints (organization) WHERE status = 'archived';
CREATE INDEX endpoints_by_organization ON endpoints (organization, id);
CREATE INDEX endpoints_draining ON endpoints (number) WHERE draining = 1;
CREATE INDEX endpoints_subscribed ON endpoints (organization) WHERE status <> 'archived';
CREATE INDEX endpoints_suspended ON endpoints (status_at) WHERE status = 'suspended';
CREATE UNIQUE INDEX events_by_key ON events (organization, key);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
CREATE INDEX queue_waiting ON queue (endpoint, due_at) WHERE lease IS NULL;
CREATE INDEX secret_history_by_owner ON secret_history (owner, number);
CREATE INDEX secret_history_sealed ON secret_history (ends_at) WHERE sealed IS NOT NULL;
CREATE INDEX secrets_by_owner ON secrets (owner, number);
CREATE INDEX secrets_ending ON secrets (ends_at) WHERE ends_at IS NOT NULL;
INSERT INTO api_keys VALUES ('key_01m7zm85yve00bh5zq3a6xgjrw', 'org_01m7zm85ype00be58q1aneetpe', 'customer', '1a62ad688687630f0cf8d0af460a7d8a808eed7f58062a2809e99a2cf7c9afcf', 'hk_live_…xdgP', 'native', '["endpoints:read","endpoints:write","events:read","events:write","deliveries:read"]', 1795284015066, NULL, NULL);
INSERT INTO api_keys VALUES ('key_01m7zm85yye00bv78ykrhtfjjr', 'org_01m7zm85ype00be58q1aneetpe', 'revoked', '27cff66ea46774d1d5c21ea8b03c883e67f1f1a7c61e3ff09179e318c6d12160', 'hk_live_…ESsu', 'native', '["endpoints:read","endpoints:write","events:read","events:write","deliveries:read"]', 1795284015070, NULL, 1795284015073);
INSERT INTO attempts VALUES (1, 'att_01m7zm85mbe00a8jpxdcyw0pya', 1, 1, 1, 1795284014715, 204, NULL, NULL, NULL, 1.9, NULL, 5.1, 13.4, 2, 'sec_01m7zm85jce0082tdeerqa3c95 sec_01m7zm85hwe0080rnwmcxkm0ww', NULL, NULL);
INSERT INTO attempts VALUES (2, 'att_01m7zm85pne009f6479wryp34x', 2, 2, 1, 1795284014800, 204, NULL, NULL, NULL, NULL, NULL, 2.8, 3.8, 2, 'sec_01m7zm85nae009w2vg9tjrv6xy sec_01m7zm85n4e009d974md4kvwnz', NULL, NULL);
INSERT INTO attempts VALUES (3, 'att_01m7zm85s4e00ars28zct96snc', 3, 3, 1, 1795284014880, 204, NULL, NULL, NULL, NULL, NULL, 1.1, 3.5, 2, 'sec_01m7zm85qne009k02wz8kjsdfc', NULL, NULL);
INSERT INTO attempts VALUES (4, 'att_01m7zm85vke00ax4yfhvgd8fps', 4, 4, 1, 1795284014954, 204, NULL, NULL, NULL, NULL, NULL, 1.5, 3.5, 2, 'sec_01m7zm85t4e00bagw4gx9pahf3 sec_01m7zm85sze00svaaqmwxkvm4n', NULL, NULL);
INSERT INTO attempts VALUES (5, 'att_01m7zm85xve008fwza2xwjrf0f', 5, 5, 1, 1795284015032, 204, NULL, NULL, NULL, NULL, NULL, 2, 2.6, 2, 'sec_01m7zm85wje00afhbkn70e0a5s sec_01m7zm85wee008csnd6s1rewcx', NULL, NULL);
INSERT INTO attempts VALUES (6, 'att_01m7zm861we0090yzs4vpywcmw', 6, 7, 1, 1795284015161, 500, NULL, NULL, NULL, NULL, NULL, 2, 2.6, 1, 'sec_01m7zm861me00rym893hnwq9gh', '[["Date","Sat, 21 Nov 2026 18:00:15 GMT"],["Connection","keep-alive"],["Keep-Alive","timeout=120"],["Transfer-Encoding","chunked"]]', NULL);
INSERT INTO attempts VALUES (7, 'att_01m7zm862ye00a52y45abwr05q', 7, 8, 1, 1795284015195, 500, NULL, NULL, NULL, NULL, NULL, 1.8, 2.4, 1, 'sec_01m7zm862pe00rzd0d8dc7xfqv', '[["Date","Sat, 21 Nov 2026 18:00:15 GMT"],["Connection","keep-alive"],["Keep-Alive","timeout=120"],["Transfer-Encoding","chunked"]]', NULL);
INSERT INTO audit VALUES (1, 1795284014547, 'org_01m7zm85eme0099nknp6kqk8pd', 'system', 'organization.created', 'org_01m7zm85eme0099nknp6kqk8pd', NULL, '{"requestId":"bootstrap"}');
INSERT INTO audit VALUES (2, 1795284014650, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm85hte009napvga38xgej', NULL, '{"url":"http://127.0.0.1:9/native","requestId":"01M7ZM85HPF9X712KBPHDJW39Z"}');
INSERT INTO audit VALUES (3, 1795284014669, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'secret.rotated', 'ep_01m7zm85hte009napvga38xgej', 'fixture', '{"secretId":"sec_01m7zm85jce0082tdeerqa3c95","retiredId":"sec_01m7zm85hwe0080rnwmcxkm0ww","force":false,"requestId":"01M7ZM85J6F9X712KBPHDJW3A0"}');
INSERT INTO audit VALUES (4, 1795284014755, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm85n3e00assjg4yxvcxdg', NULL, '{"url":"http://127.0.0.1:9/moonborn","requestId":"01M7ZM85N3F9X712KBPHDJW3A5"}');
INSERT INTO audit VALUES (5, 1795284014762, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'secret.rotated', 'ep_01m7zm85n3e00assjg4yxvcxdg', NULL, '{"secretId":"sec_01m7zm85nae009w2vg9tjrv6xy","retiredId":"sec_01m7zm85n4e009d974md4kvwnz","force":false,"requestId":"01M7ZM85N8F9X712KBPHDJW3A6"}');
INSERT INTO audit VALUES (6, 1795284014832, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm85qge0091wers0zgvh1r', NULL, '{"url":"http://127.0.0.1:9/agentmessage","requestId":"01M7ZM85QFF9X712KBPHDJW3AB"}');
INSERT INTO audit VALUES (7, 1795284014837, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'secret.rotated', 'ep_01m7zm85qge0091wers0zgvh1r', NULL, '{"secretId":"sec_01m7zm85qne009k02wz8kjsdfc","retiredId":"sec_01m7zm85qge00vc2sa2xaxxway","force":false,"requestId":"01M7ZM85QMF9X712KBPHDJW3AC"}');
INSERT INTO audit VALUES (8, 1795284014911, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm85sze00anxjabht4t7dy', NULL, '{"url":"http://127.0.0.1:9/signup","requestId":"01M7ZM85SYF9X712KBPHDJW3AH"}');
INSERT INTO audit VALUES (9, 1795284014916, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'secret.rotated', 'ep_01m7zm85sze00anxjabht4t7dy', NULL, '{"secretId":"sec_01m7zm85t4e00bagw4gx9pahf3","retiredId":"sec_01m7zm85sze00svaaqmwxkvm4n","force":false,"requestId":"01M7ZM85T3F9X712KBPHDJW3AJ"}');
INSERT INTO audit VALUES (10, 1795284014989, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm85wde00a34crsqrwn7jw', NULL, '{"url":"http://127.0.0.1:9/dinie","requestId":"01M7ZM85WDF9X712KBPHDJW3AQ"}');
INSERT INTO audit VALUES (11, 1795284014994, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'secret.rotated', 'ep_01m7zm85wde00a34crsqrwn7jw', NULL, '{"secretId":"sec_01m7zm85wje00afhbkn70e0a5s","retiredId":"sec_01m7zm85wee008csnd6s1rewcx","force":false,"requestId":"01M7ZM85WHF9X712KBPHDJW3AR"}');
INSERT INTO audit VALUES (12, 1795284015062, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'organization.created', 'org_01m7zm85ype00be58q1aneetpe', NULL, '{"requestId":"01M7ZM85YNF9X712KBPHDJW3AX"}');
INSERT INTO audit VALUES (13, 1795284015066, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'key.created', 'key_01m7zm85yve00bh5zq3a6xgjrw', NULL, '{"scopes":"endpoints:read endpoints:write events:read events:write deliveries:read","requestId":"01M7ZM85YSF9X712KBPHDJW3AY"}');
INSERT INTO audit VALUES (14, 1795284015070, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'key.created', 'key_01m7zm85yye00bv78ykrhtfjjr', NULL, '{"scopes":"endpoints:read endpoints:write events:read events:write deliveries:read","requestId":"01M7ZM85YXF9X712KBPHDJW3AZ"}');
INSERT INTO audit VALUES (15, 1795284015073, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'key.revoked', 'key_01m7zm85yye00bv78ykrhtfjjr', NULL, '{"requestId":"01M7ZM85Z0F9X712KBPHDJW3B0"}');
INSERT INTO audit VALUES (16, 1795284015077, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'endpoint.created', 'ep_01m7zm85z5e00bva9xqpd4y3wv', NULL, '{"url":"http://127.0.0.1:9/tenant","requestId":"01M7ZM85Z5F9X712KBPHDJW3B1"}');
INSERT INTO audit VALUES (17, 1795284015089, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'secret.rotated', 'org_01m7zm85ype00be58q1aneetpe', NULL, '{"secretId":"sec_01m7zm85zhe008my7fv5khvky6","retiredId":"sec_01m7zm85ype00vn4cs216jx78p","force":false,"requestId":"01M7ZM85ZAF9X712KBPHDJW3B2"}');
INSERT INTO audit VALUES (18, 1795284015123, 'org_01m7zm85ype00be58q1aneetpe', 'bootstrap', 'secret.rotated', 'org_01m7zm85ype00be58q1aneetpe', NULL, '{"secretId":"sec_01m7zm860ke00asvzg0ygahvpg","retiredId":"sec_01m7zm85zhe008my7fv5khvky6","force":true,"requestId":"01M7ZM860JF9X712KBPHDJW3B3"}');
INSERT INTO audit VALUES (19, 1795284015156, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm861me00bem2w1dx4430s', NULL, '{"url":"http://127.0.0.1:9/dead","requestId":"01M7ZM861KF9X712KBPHDJW3B4"}');
INSERT INTO audit VALUES (20, 1795284015190, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm862pe009ywazer1vfpp7', NULL, '{"url":"http://127.0.0.1:9/retrying","requestId":"01M7ZM862NF9X712KBPHDJW3B8"}');
INSERT INTO audit VALUES (21, 1795284015222, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.created', 'ep_01m7zm863pe009d2st2372sedn', NULL, '{"url":"http://127.0.0.1:9/held","requestId":"01M7ZM863PF9X712KBPHDJW3BC"}');
INSERT INTO audit VALUES (22, 1795284015227, 'org_01m7zm85eme0099nknp6kqk8pd', 'bootstrap', 'endpoint.suspended', 'ep_01m7zm863pe009d2st2372sedn', NULL, '{"fields":"","requestId":"01M7ZM863TF9X712KBPHDJW3BD"}');
INSERT INTO deliveries VALUES (1, 'dlv_01m7zm85kre00szcgwmygc5g9s', 1, 1, 1, 'succeeded', 1, 204, NULL, 1795284014715, 1795284014731, NULL, NULL, 1795284014712);
INSERT INTO deliveries VALUES (2, 'dlv_01m7zm85pfe00tb296peabg7wn', 1, 2, 2, 'succeeded', 1, 204, NULL, 1795284014800, 1795284014805, NULL, NULL, 1795284014799);
INSERT INTO deliveries VALUES (3, 'dlv_01m7zm85rye00sqkjccbqv6fa8', 1, 3, 3, 'succeeded', 1, 204, NULL, 1795284014880, 1795284014884, NULL, NULL, 1795284014878);
INSERT INTO deliveries VALUES (4, 'dlv_01m7zm85v9e00rht04xh83y5he', 1, 4, 4, 'succeeded', 1, 204, NULL, 1795284014954, 1795284014963, NULL, NULL, 1795284014953);
INSERT INTO deliveries VALUES (5, 'dlv_01m7zm85xqe00a8w1jyjg8wzpn', 1, 5, 5, 'succeeded', 1, 204, NULL, 1795284015032, 1795284015035, NULL, NULL, 1795284015030);
INSERT INTO deliveries VALUES (6, 'dlv_01m7zm861qe00v85ea8sw7s4mg', 1, 7, 6, 'dead', 1, 500, NULL, 1795284015161, 1795284015164, 'retries_exhausted', NULL, 1795284015159);
INSERT INTO deliveries VALUES (7, 'dlv_01m7zm862te00re8pafc2r9586', 1, 8, 7, 'retrying', 1, 500, NULL, 1795284015195, NULL, NULL, NULL, 1795284015194);
INSERT INTO deliveries VALUES (8, 'dlv_01m7zm863ye00stsf7ty7nfsc9', 1, 9, 8, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015230);
INSERT INTO deliveries VALUES (9, 'dlv_01m7zm8646e00vqvh7mds04czs', 1, 1, 10, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015238);
INSERT INTO deliveries VALUES (10, 'dlv_01m7zm8648e00vkd3bqwecx7vg', 1, 2, 11, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015240);
INSERT INTO deliveries VALUES (11, 'dlv_01m7zm864be00rv2z9qnv6bzec', 1, 3, 12, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015243);
INSERT INTO deliveries VALUES (12, 'dlv_01m7zm864fe00r48918ctv51gb', 1, 4, 13, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015247);
INSERT INTO deliveries VALUES (13, 'dlv_01m7zm864je00vdwm9nt2702zh', 1, 5, 14, 'pending', 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795284015250);
INSERT INTO due_endpoints VALUES (8, 1795291277841);
INSERT INTO endpoint_health VALUES (1, 0, NULL, 1795284014731, NULL);
INSERT INTO endpoint_health VALUES (2, 0, NULL, 1795284014805, NULL);
INSERT INTO endpoint_health VALUES (3, 0, NULL, 1795284014884, NULL);
INSERT INTO endpoint_health VALUES (4, 0, NULL, 1795284014963, NULL);
INSERT INTO endpoint_health VALUES (5, 0, NULL, 1795284015035, NULL);
INSERT INTO endpoint_health VALUES (7, 1, 1795284015161, NULL, 1795284015161);
INSERT INTO endpoint_health VALUES (8, 1, 1795284015195, NULL, 1795284015195);
INSERT INTO endpoints VALUES (1, 'ep_01m7zm85hte009napvga38xgej', 1, 'http://127.0.0.1:9/native', 'active', NULL, NULL, 0, '{"eventTypes":["invoice.paid"],"description":"","headers":[{"name":"x-tenant","sealed":"sealed.AQdmaXh0dXJl9kRWkxsB_o22mVCEdmWRGn2e7UL7DV6oPGXHHIIrk5M"}],"metadata":{},"keyring":"own","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":"webhook-event-type","keyIds":"webhook-key-ids"},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"},"catalogue":null,"extra":{}}', 1, 1795284014650, 1795284014650);
INSERT INTO endpoints VALUES (2, 'ep_01m7zm85n3e00assjg4yxvcxdg', 1, 'http://127.0.0.1:9/moonborn', 'active', NULL, NULL, 0, '{"eventTypes":["persona.created"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":[60,300,1800,7200],"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":null,"timestamp":null,"signature":"X-Moonborn-Signature","eventType":null,"keyIds":null},"elements":{"hmac-sha256":"v1={signature}","ed25519":null},"leadElement":"t={timestamp}","joiner":",","content":"{timestamp}.{body}","digest":"hex","secretDecoding":"utf8"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":null,"whenOmitted":"default"},"maxLive":10,"whenFull":"end_oldest","onOverlap":"stack","force":"none","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"generated","earlyRevoke":"none","cooldownSeconds":0,"recoveryMinutes":1440,"enforced":false,"rollback":"none"},"catalogue":["persona.created","persona.updated","persona.deleted","persona.archived","persona.regenerated","persona.audit_failed","generation.run.started","generation.run.completed","generation.run.failed","subscription.upgraded","subscription.downgraded","subscription.cancelled","marketplace.persona.published","marketplace.persona.purchased","moderation.flagged","webhook.endpoint.test_ping"],"extra":{}}', 1, 1795284014755, 1795284014755);
INSERT INTO endpoints VALUES (3, 'ep_01m7zm85qge0091wers0zgvh1r', 1, 'http://127.0.0.1:9/agentmessage', 'active', NULL, NULL, 0, '{"eventTypes":["wallet.balance_low"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":null,"timestamp":null,"signature":"X-AmCore-Signature","eventType":null,"keyIds":null},"elements":{"hmac-sha256":"v1={signature}","ed25519":null},"leadElement":"t={timestamp}","joiner":",","content":"{timestamp}\n{body}","digest":"hex","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":0,"minSeconds":0,"maxSeconds":0,"whenOmitted":"default"},"maxLive":1,"whenFull":"refuse","onOverlap":"replace","force":"none","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"generated","earlyRevoke":"none","cooldownSeconds":0,"recoveryMinutes":1440,"enforced":false,"rollback":"none"},"catalogue":["brand.vetted","brand.vetting_failed","campaign.approved","campaign.rejected","campaign.shared","wallet.balance_low","wallet.balance_zero","subscription.past_due","subscription.canceled","api_key.created","api_key.rotated","api_key.revoked","phone_number.bulk_order.completed","phone_number.campaign.assigned","consent_pending.confirmed","consent_pending.expired","lookup.completed"],"extra":{"agentmessage.api_version":"2026-04-01"}}', 1, 1795284014832, 1795284014832);
INSERT INTO endpoints VALUES (4, 'ep_01m7zm85sze00anxjabht4t7dy', 1, 'http://127.0.0.1:9/signup', 'active', NULL, NULL, 0, '{"eventTypes":["signup.created"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":null,"keyIds":null},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":{"members":[{"name":"type","value":{"kind":"eventType"}},{"name":"timestamp","value":{"kind":"occurredAt","format":"iso8601"}},{"name":"data","value":{"kind":"payload"}}]},"rotationPolicy":{"grace":{"defaultSeconds":86400,"minSeconds":86400,"maxSeconds":86400,"whenOmitted":"default"},"maxLive":10,"whenFull":"end_oldest","onOverlap":"stack","force":"none","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"generated","earlyRevoke":"none","cooldownSeconds":0,"recoveryMinutes":1440,"enforced":false,"rollback":"none"},"catalogue":null,"extra":{}}', 1, 1795284014911, 1795284014911);
INSERT INTO endpoints VALUES (5, 'ep_01m7zm85wde00a34crsqrwn7jw', 1, 'http://127.0.0.1:9/dinie', 'active', NULL, NULL, 0, '{"eventTypes":["loan.created"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":null,"keyIds":null},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":{"members":[{"name":"api_version","value":{"kind":"literal","value":"2026-03-01"}},{"name":"created_at","value":{"kind":"occurredAt","format":"iso8601"}},{"name":"data","value":{"kind":"payload"}},{"name":"delivery_id","value":{"kind":"deliveryId"}},{"name":"id","value":{"kind":"eventId"}},{"name":"timestamp","value":{"kind":"timestamp","format":"iso8601"}},{"name":"type","value":{"kind":"eventType"}}]},"rotationPolicy":{"grace":{"defaultSeconds":3600,"minSeconds":0,"maxSeconds":86400,"whenOmitted":"default"},"maxLive":10,"whenFull":"end_oldest","onOverlap":"stack","force":"none","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"generated","earlyRevoke":"none","cooldownSeconds":0,"recoveryMinutes":1440,"enforced":false,"rollback":"none"},"catalogue":["customer.created","customer.under_review","customer.kyc_updated","customer.active","customer.denied","credit_offer.available","credit_offer.expired","loan.created","loan.contract_generated","loan.awaiting_signatures","loan.signed","loan.disbursing","loan.processing","loan.active","loan.payment_received","loan.finished","loan.cancelled","loan.error"],"extra":{}}', 1, 1795284014989, 1795284014989);
INSERT INTO endpoints VALUES (6, 'ep_01m7zm85z5e00bva9xqpd4y3wv', 2, 'http://127.0.0.1:9/tenant', 'active', NULL, NULL, 0, '{"eventTypes":["tenant.happened"],"description":"","headers":[],"metadata":{},"keyring":"organization","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":"webhook-event-type","keyIds":"webhook-key-ids"},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"},"catalogue":null,"extra":{}}', 1, 1795284015077, 1795284015077);
INSERT INTO endpoints VALUES (7, 'ep_01m7zm861me00bem2w1dx4430s', 1, 'http://127.0.0.1:9/dead', 'active', NULL, NULL, 0, '{"eventTypes":["fixture.dead"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":[],"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":"webhook-event-type","keyIds":"webhook-key-ids"},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"},"catalogue":null,"extra":{}}', 1, 1795284015156, 1795284015156);
INSERT INTO endpoints VALUES (8, 'ep_01m7zm862pe009ywazer1vfpp7', 1, 'http://127.0.0.1:9/retrying', 'active', NULL, NULL, 0, '{"eventTypes":["fixture.retrying"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":[7200],"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":"webhook-event-type","keyIds":"webhook-key-ids"},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"},"catalogue":null,"extra":{}}', 1, 1795284015190, 1795284015190);
INSERT INTO endpoints VALUES (9, 'ep_01m7zm863pe009d2st2372sedn', 1, 'http://127.0.0.1:9/held', 'suspended', 'manual', 1795284015227, 0, '{"eventTypes":["fixture.held"],"description":"","headers":[],"metadata":{},"keyring":"own","retrySchedule":null,"sendDeadlineSeconds":null,"concurrency":null,"ratePerSecond":null,"signatureProfile":{"headers":{"id":"webhook-id","timestamp":"webhook-timestamp","signature":"webhook-signature","eventType":"webhook-event-type","keyIds":"webhook-key-ids"},"elements":{"hmac-sha256":"v1,{signature}","ed25519":"v1a,{signature}"},"leadElement":null,"joiner":" ","content":"{id}.{timestamp}.{body}","digest":"base64","secretDecoding":"base64"},"envelope":null,"rotationPolicy":{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"},"catalogue":null,"extra":{}}', 2, 1795284015222, 1795284015227);
INSERT INTO events VALUES (1, 'evt_01m7zm85kre008bmsq49ntrxmy', 1, NULL, 'invoice.paid', NULL, NULL, 1795284014712, x'7b226f66223a22696e766f6963652e70616964227d');
INSERT INTO events VALUES (2, 'evt_01m7zm85pfe00a65mg8eyffvva', 1, NULL, 'persona.created', NULL, NULL, 1795284014799, x'7b226f66223a22706572736f6e612e63726561746564227d');
INSERT INTO events VALUES (3, 'evt_01m7zm85rye00a745j3wgazwnq', 1, NULL, 'wallet.balance_low', NULL, NULL, 1795284014878, x'7b226f66223a2277616c6c65742e62616c616e63655f6c6f77227d');
INSERT INTO events VALUES (4, 'evt_01m7zm85v9e008829peexcr7m6', 1, NULL, 'signup.created', NULL, NULL, 1795284014953, x'7b226f66223a227369676e75702e63726561746564227d');
INSERT INTO events VALUES (5, 'evt_01m7zm85xpe009nm5y2wr4kcba', 1, NULL, 'loan.created', NULL, NULL, 1795284015030, x'7b226f66223a226c6f616e2e63726561746564227d');
INSERT INTO events VALUES (6, 'evt_01m7zm861qe00bze147sprc3ke', 1, NULL, 'fixture.dead', NULL, NULL, 1795284015159, x'7b226f66223a22666978747572652e64656164227d');
INSERT INTO events VALUES (7, 'evt_01m7zm862te008k90fr0w88rjn', 1, NULL, 'fixture.retrying', NULL, NULL, 1795284015194, x'7b226f66223a22666978747572652e7265747279696e67227d');
INSERT INTO events VALUES (8, 'evt_01m7zm863ye009cdxh0wqym7es', 1, NULL, 'fixture.held', NULL, NULL, 1795284015230, x'7b226f66223a22666978747572652e68656c64227d');
INSERT INTO events VALUES (9, 'evt_01m7zm8643e00amjaa6cm00hfc', 1, NULL, 'fixture.nobody', NULL, NULL, 1795284015235, x'7b226e223a317d');
INSERT INTO events VALUES (10, 'evt_01m7zm8646e009qezv6r37xn8t', 1, NULL, 'invoice.paid', NULL, NULL, 1795284015238, x'7b226f66223a22696e766f6963652e70616964227d');
INSERT INTO events VALUES (11, 'evt_01m7zm8648e00ankyfjhvs59qy', 1, NULL, 'persona.created', NULL, NULL, 1795284015240, x'7b226f66223a22706572736f6e612e63726561746564227d');
INSERT INTO events VALUES (12, 'evt_01m7zm864be00bnma2fd2c7eav', 1, NULL, 'wallet.balance_low', NULL, NULL, 1795284015243, x'7b226f66223a2277616c6c65742e62616c616e63655f6c6f77227d');
INSERT INTO events VALUES (13, 'evt_01m7zm864fe009mfz7twfy6529', 1, NULL, 'signup.created', NULL, NULL, 1795284015247, x'7b226f66223a227369676e75702e63726561746564227d');
INSERT INTO events VALUES (14, 'evt_01m7zm864je009t3j78t6j63br', 1, NULL, 'loan.created', NULL, NULL, 1795284015250, x'7b226f66223a226c6f616e2e63726561746564227d');
INSERT INTO idempotency VALUES ('bootstrap@org_01m7zm85eme0099nknp6kqk8pd', 'POST /v1/events', 'fixture-request-1', 'vCVwGJbGLaAIKK0Ualpe6Cg--cB3irjnjHBz89rs6Cs', '{"events":[{"id":"evt_01m7zm8643e00amjaa6cm00hfc","createdAt":1795284015235}]}', 1795284015235, 1795370415235);
INSERT INTO keyrings VALUES ('ep_01m7zm85hte009napvga38xgej', 2);
INSERT INTO keyrings VALUES ('ep_01m7zm85n3e00assjg4yxvcxdg', 2);
INSERT INTO keyrings VALUES ('ep_01m7zm85qge0091wers0zgvh1r', 2);
INSERT INTO keyrings VALUES ('ep_01m7zm85sze00anxjabht4t7dy', 2);
INSERT INTO keyrings VALUES ('ep_01m7zm85wde00a34crsqrwn7jw', 2);
INSERT INTO keyrings VALUES ('ep_01m7zm861me00bem2w1dx4430s', 1);
INSERT INTO keyrings VALUES ('ep_01m7zm862pe009ywazer1vfpp7', 1);
INSERT INTO keyrings VALUES ('ep_01m7zm863pe009d2st2372sedn', 1);
INSERT INTO keyrings VALUES ('org_01m7zm85eme0099nknp6kqk8pd', 1);
INSERT INTO keyrings VALUES ('org_01m7zm85ype00be58q1aneetpe', 3);
INSERT INTO nodes VALUES (1, 1795284014404, 1795284014636);
INSERT INTO organizations VALUES (1, 'org_01m7zm85eme0099nknp6kqk8pd', 'default', 'Default', '{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"}', 1, 1795284014547, 1795284014547);
INSERT INTO organizations VALUES (2, 'org_01m7zm85ype00be58q1aneetpe', 'customer-1', 'Customer 1', '{"grace":{"defaultSeconds":null,"minSeconds":0,"maxSeconds":604800,"whenOmitted":"default"},"maxLive":2,"whenFull":"refuse","onOverlap":"refuse","force":"allowed","previousDeadline":"keep","signWith":"live","activation":"immediate","order":"activeFirst","visibility":"once","origin":"either","earlyRevoke":"byId","cooldownSeconds":0,"recoveryMinutes":10,"enforced":false,"rollback":"untilPreviousExpires"}', 1, 1795284015062, 1795284015062);
INSERT INTO queue VALUES (7, 8, 1795291277841, NULL);
INSERT INTO queue VALUES (8, 9, 1795284015230, NULL);
INSERT INTO queue VALUES (9, 1, 1795284015238, 1);
INSERT INTO queue VALUES (10, 2, 1795284015240, 1);
INSERT INTO queue VALUES (11, 3, 1795284015243, 1);
INSERT INTO queue VALUES (12, 4, 1795284015247, 1);
INSERT INTO queue VALUES (13, 5, 1795284015250, 1);
INSERT INTO secret_history VALUES ('sec_01m7zm85ype00vn4cs216jx78p', 'org_01m7zm85ype00be58q1aneetpe', 0, 1, 'hmac-sha256', 1795284015062, 1795284015062, 1795284015119, 1795284015119, NULL, 1795284015062, 1795284015119, 1795284015119, 'generated', 'u7Q=', 'da6c67d7600082358f7a10c8fad08b7b7ee23e88f8ed06a5027dbfef128d3801', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJl0S2QRf_MFxxl4d5BaMWZ3glmy1QVwR3Hr18jM9WCT59Dh6vOH6bxuVT1CJ9lxq5SaKB1aME-O-4ZrTjJZfuYvMjhD50bnBMdrSfIQMy_');
INSERT INTO secrets VALUES ('sec_01m7zm85eme00tqy0z2rv7wata', 'org_01m7zm85eme0099nknp6kqk8pd', 0, 1, 'hmac-sha256', 1795284014547, 1795284014547, NULL, NULL, NULL, 1795284014547, NULL, NULL, 'generated', 'AYM=', 'a179acfbf43081c6ce51acbb6283a44853490aa6154e77cbf4ff34e28c7ce268', NULL, 'system', NULL, 'sealed.AQdmaXh0dXJl5MIdJDWdM4FCeZyAry3COSE5A-5b3QVm4mJKcPqJC0PPYPQ5HEVN_aPZfAjD6C8UTeMTNFPPuTFTALaeQQtHRoPgw-sSjf4xZ888Yt08');
INSERT INTO secrets VALUES ('sec_01m7zm85hwe0080rnwmcxkm0ww', 'ep_01m7zm85hte009napvga38xgej', 1, 1, 'hmac-sha256', 1795284014650, 1795284014650, 1795284014699, 1795370414699, NULL, 1795284014650, 1795370414699, 1795370414699, 'generated', 'MZQ=', '01662315bed77ba29fd4d7de4016ebe7d83aabca578b0a09f0e9f4065b183f4c', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJldDUoikrBYPRK93DgIrMkwUC97_8Wrb19auBJS9JEgfgbsnzCRm2m1kwPc_7K9e45SbmYjDkd3blwJ3hm6nAqIOHGyw9D5JfdVlRyHtu6');
INSERT INTO secrets VALUES ('sec_01m7zm85jce0082tdeerqa3c95', 'ep_01m7zm85hte009napvga38xgej', 0, 2, 'hmac-sha256', 1795284014699, 1795284014699, NULL, NULL, NULL, 1795284014699, NULL, NULL, 'generated', 'Zlg=', 'b0b1fa18f9f70d049601b055ba48b3f207bc3552225538f97602d1d4a0defeca', NULL, 'bootstrap', 'fixture', 'sealed.AQdmaXh0dXJlbLQlAP2f2FSxOToiwzip19Akbec5DOKeYB0rbB5NyA26JNgapaiVDWU2xFNZg3NvygO0uwwsdXqeCrV6_sBJRq2_yBJNcpEu4P8vA6aw');
INSERT INTO secrets VALUES ('sec_01m7zm85n4e009d974md4kvwnz', 'ep_01m7zm85n3e00assjg4yxvcxdg', 1, 1, 'hmac-sha256', 1795284014755, 1795284014755, 1795284014792, 1795370414792, NULL, 1795284014755, 1795370414792, 1795370414792, 'generated', 'Mek=', '003c7dec02499a60228ffad3e1627be2f2c206fe1745cbb62121513ba420884b', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlzRm2dtPQaXlUjjrO0pheVkVtWB8GiE8-NO0mIdj5HmPXc6Sri8kvE3Di0QAL8ULdnbSbB09vx5kmU8TSBLSHAwBf2yA01K91rincSSqc');
INSERT INTO secrets VALUES ('sec_01m7zm85nae009w2vg9tjrv6xy', 'ep_01m7zm85n3e00assjg4yxvcxdg', 0, 2, 'hmac-sha256', 1795284014792, 1795284014792, NULL, NULL, NULL, 1795284014792, NULL, NULL, 'generated', 'TTk=', 'af32a93f1db6909ef5a70eff4386aabd02db050b67dc7c61d288e5641602bfe1', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlZMlyM6b3kYGh2qlyFEbTxbj-zMArDWQwdH_n1Rnrzkugju9IjhMTIU2JZHcUzKwMD_YjDtczEKn1c_yzLsl5D789hbWt9CyphbuEGqv1');
INSERT INTO secrets VALUES ('sec_01m7zm85qge00vc2sa2xaxxway', 'ep_01m7zm85qge0091wers0zgvh1r', 1, 1, 'hmac-sha256', 1795284014832, 1795284014832, 1795284014867, 1795284014867, NULL, 1795284014832, 1795284014867, 1795284014867, 'generated', 'Xmk=', '85f7d1b34919c085a37ea5f9b57f7e2630c05cc4fbe72f9d87eb82e04fe72b20', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJli6l-1T4cTcPerAviGbm7XQMMGbHB3slLKaFXWO1bFpMpcqXHomXjDzT0Z_z-Bs3gRmh18pYDG3Bk4LWXAwAVEBgN5We8ELbL');
INSERT INTO secrets VALUES ('sec_01m7zm85qne009k02wz8kjsdfc', 'ep_01m7zm85qge0091wers0zgvh1r', 0, 2, 'hmac-sha256', 1795284014867, 1795284014867, NULL, NULL, NULL, 1795284014867, NULL, NULL, 'generated', '2e0=', 'f747789df28db93654799bf9efe62abc0c3d9ff29be4d2bec1712e719e4934be', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJl040XDb4kUWn0OwChqbN8h_BklITWtP0uHmH8jLyIHXHJqbp2YS5gOf5l7iDPj0qTLPaK3-BJG3zoqjkPE0jLaYNUMlQHK94N');
INSERT INTO secrets VALUES ('sec_01m7zm85sze00svaaqmwxkvm4n', 'ep_01m7zm85sze00anxjabht4t7dy', 1, 1, 'hmac-sha256', 1795284014911, 1795284014911, 1795284014946, 1795370414946, NULL, 1795284014911, 1795370414946, 1795370414946, 'generated', 'uME=', 'a846fd8fae73f1f83485630f64797e90c217230bea944d196c576c3c7a51c0f1', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlrgDmGDvtQN1MrjdmQQ1kGy8PYOyMOzKaVwJavua8vEwWe7dwnYiuF-2rij-khqGtRtaM3c4I3NZvpya1M_YuU0Oc5IP-bDKZoP2KZsI_');
INSERT INTO secrets VALUES ('sec_01m7zm85t4e00bagw4gx9pahf3', 'ep_01m7zm85sze00anxjabht4t7dy', 0, 2, 'hmac-sha256', 1795284014946, 1795284014946, NULL, NULL, NULL, 1795284014946, NULL, NULL, 'generated', 'jgI=', '4a7eb539150a014d8724f81485dfc75e3fb406489bead56cd3e7cc785c58cf0b', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlRpenByiAqtA8vujZjs_LNqziGstOW5BCZ8Ue5AcQrxxjbYWBBTLL6PkvRzNy8pWCwav6kR23f4B_WRis8WwtTxp7DiJGtZYiaQkd6Qda');
INSERT INTO secrets VALUES ('sec_01m7zm85wee008csnd6s1rewcx', 'ep_01m7zm85wde00a34crsqrwn7jw', 1, 1, 'hmac-sha256', 1795284014989, 1795284014989, 1795284015024, 1795370415024, NULL, 1795284014989, 1795370415024, 1795370415024, 'generated', 'ZlA=', '1c6b8434d278d4c96685a57b113b1333a0892b1251207e8c12012326300121f1', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlKXZ7KqMJ6TTqn-T1i4VZbbyKanIhlazfTReCvHeEzV5SodyjkcE5ACJhBF3Dl8CLzSm_9_pM_anFGKW6UDdR47N0tNhgcZfJa1J959f3');
INSERT INTO secrets VALUES ('sec_01m7zm85wje00afhbkn70e0a5s', 'ep_01m7zm85wde00a34crsqrwn7jw', 0, 2, 'hmac-sha256', 1795284015024, 1795284015024, NULL, NULL, NULL, 1795284015024, NULL, NULL, 'generated', 'qj4=', '08c4f4e28d98c8d10db63e4654852ec0416eee08ce622b876557c69cc245457b', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJloWi4RHPt3d1MGtWNR5OhIUIC_kEr5eyTUEv7uB2hsCck43VpfcjS8REUsg_PCSznvq7qdFLK796t0nsN16jubhd4zkSWOLnu34Hgbf_V');
INSERT INTO secrets VALUES ('sec_01m7zm85zhe008my7fv5khvky6', 'org_01m7zm85ype00be58q1aneetpe', 1, 2, 'hmac-sha256', 1795284015119, 1795284015119, 1795284015153, 1795370415153, NULL, 1795284015119, 1795370415153, 1795370415153, 'generated', 'a1I=', '1b726a021ea1c5cd0d6cdc32beba80e12003ef84f98ccd278579ed2ff462560e', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlez6SQqGmStt9BNTe6H2rJJcm_AoPl4huNak1LFetmBRCUfFpHDzFxkEHfU1M7wo1mPkiS-BzuyZBT59FfwCQ7Aj4nhVXPHh__oOFZKYs');
INSERT INTO secrets VALUES ('sec_01m7zm860ke00asvzg0ygahvpg', 'org_01m7zm85ype00be58q1aneetpe', 0, 3, 'hmac-sha256', 1795284015153, 1795284015153, NULL, NULL, NULL, 1795284015153, NULL, NULL, 'generated', 'peM=', 'aeb5c7c18ebba632b2b5752c8d723681be1ba31d8cd5884a9a5d68308d246983', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJljLH5RBOk0UTExbWlT5ufeNa9MLysFxwsUxz0785d8-V2JjjkTHLHafOk2VXIbh0PshV_sJEwYsXJXuvRDKZBLtQAkyrukVUXi8aWHask');
INSERT INTO secrets VALUES ('sec_01m7zm861me00rym893hnwq9gh', 'ep_01m7zm861me00bem2w1dx4430s', 0, 1, 'hmac-sha256', 1795284015156, 1795284015156, NULL, NULL, NULL, 1795284015156, NULL, NULL, 'generated', '41U=', '184d03db62d6373a498b1dffd27042758a53bf49164a781d6f6146a9bb0ac72b', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlZzy1oOX63ECw8iQd47mBtfragm1euYH_l8yBZV9oXcV_3j19bt7W4rSkYJ7kevoOlugmpWi08DYoTVRPITdsPmNXMau5tbVjbDXGum92');
INSERT INTO secrets VALUES ('sec_01m7zm862pe00rzd0d8dc7xfqv', 'ep_01m7zm862pe009ywazer1vfpp7', 0, 1, 'hmac-sha256', 1795284015190, 1795284015190, NULL, NULL, NULL, 1795284015190, NULL, NULL, 'generated', '45I=', '28d11d581c8a17e57fd750ebcc75d68dfa21561a6b838461183ada2a87fdb96a', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJl8--WvndXizqlWUiKDdYsEAD0MYyGRVuZgiCBbGa_oGdNspWVvB7xFf8Jzs7OEF8Dso9h05DNlzmvK16NJXCk_2uRztWvXsNZobQiQ5sb');
INSERT INTO secrets VALUES ('sec_01m7zm863pe00tw383gb2cjkex', 'ep_01m7zm863pe009d2st2372sedn', 0, 1, 'hmac-sha256', 1795284015222, 1795284015222, NULL, NULL, NULL, 1795284015222, NULL, NULL, 'generated', 'H14=', '9b25e7b136ed3c05ac87b5faa4f436e88baffcb62d1748c52ac8fadeb09fb3b0', NULL, 'bootstrap', NULL, 'sealed.AQdmaXh0dXJlsyPlBz1QX5nif-e5M8b9D6pbfcl0Fg3vq6lEUCEgKKgOhQo7hivHDqXfZz4NJXiJlDKcVmkRZ0yzr1W6Fy0h3unkWRe1A3cfi-aK-7sx');
INSERT INTO service_keys VALUES ('access-tokens', 'sealed.AQdmaXh0dXJlk4LmZmgXjw6-MGs-KO0dlZDm7uneefaxQoF6kguyVGjW98GhOeNI-iGl47IXUfvTO2Zrm8EdQOcYvwE7CvdoNGw4GOzSd0U');
INSERT INTO service_keys VALUES ('request-fingerprints', 'sealed.AQdmaXh0dXJlXsQCq_fb8Vrv9T1pwM_hYjPmddM04K1SwcvGE7xoUOYUQLIJUtfjsE0rjWea3sC70a1E98YwC5_tI0I-uk5FhnnGzxHs0-U');
