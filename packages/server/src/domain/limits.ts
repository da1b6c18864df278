/** Every limit of the product, by name, unit last. */

export const PAYLOAD_BYTES_MAX = 256 * 1024;
export const BATCH_EVENTS_MAX = 1_000;
export const BATCH_BYTES_MAX = 5 * 1024 * 1024;
export const CONTROL_BODY_BYTES_MAX = 256 * 1024;
export const CLIENT_EVENT_ID_LENGTH_MAX = 64;
export const CLIENT_EVENT_ID_DAYS = 7;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
export const IDEMPOTENCY_HOURS = 24;

export const URL_LENGTH_MAX = 2_048;
export const DESCRIPTION_LENGTH_MAX = 1_000;
export const NAME_LENGTH_MAX = 200;
export const EXTERNAL_ID_LENGTH_MAX = 255;
export const KEY_HINT_LENGTH_MAX = 16;
/** Lines of one file of keys to import. */
export const KEY_IMPORT_LINES_MAX = 100_000;
export const REASON_LENGTH_MAX = 500;
export const EVENT_TYPE_LENGTH_MAX = 128;
export const EVENT_TYPES_PER_ENDPOINT_MAX = 100;
export const CATALOGUE_TYPES_MAX = 1_000;
export const METADATA_ENTRIES_MAX = 50;
export const METADATA_KEY_LENGTH_MAX = 64;
export const METADATA_VALUE_LENGTH_MAX = 500;
export const STATIC_HEADERS_MAX = 50;
export const STATIC_HEADER_NAME_LENGTH_MAX = 128;
export const STATIC_HEADER_VALUE_LENGTH_MAX = 4_096;
export const STATIC_HEADERS_BYTES_MAX = 8_192;

export const RETRIES_MAX = 50;
export const RETRY_DELAY_SECONDS_MAX = 7 * 24 * 3_600;
/** A receiver's Retry-After can lengthen a delay up to this, never shorten it. */
export const RETRY_AFTER_SECONDS_MAX = 24 * 3_600;
/** A delay is scheduled within ± this share of its length. */
export const RETRY_JITTER_RATIO = 0.1;
export const SEND_DEADLINE_SECONDS_MIN = 1;
export const SEND_DEADLINE_SECONDS_MAX = 60;
export const LANE_CONCURRENCY_DEFAULT = 64;
export const LANE_CONCURRENCY_MAX = 512;
export const RATE_PER_SECOND_MAX = 10_000;
export const HELD_HOURS_MAX = 72;

/** Deliveries and bytes that one node keeps in memory between commit and result. */
export const MEMORY_DELIVERIES_MAX = 20_000;
export const MEMORY_BYTES_MAX = 64 * 1024 * 1024;
/** Requests in flight on one node; half is kept for lanes whose last attempt succeeded. */
export const IN_FLIGHT_MAX = 2_048;

export const STORE_QUEUE_UNITS_MAX = 50_000;
export const STORE_QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** What a row weighs in that queue beside its payload. */
export const STORE_QUEUE_ROW_BYTES = 512;
/** Deliveries that several events sent at once may make together: what an idle queue takes, with their payloads. */
export const DELIVERIES_PER_REQUEST_MAX = 100_000;
export const STORE_BATCH_UNITS_MAX = 1_000;
export const STORE_CONFLICT_RETRIES_MAX = 5;
export const DISK_FREE_RATIO_MIN = 0.05;
/** Where counts that are only for metrics stop. */
export const FIGURES_COUNT_MAX = 10_000;
export const RETENTION_DAYS_DEFAULT = 30;
/** What an operator removes by hand is at least so old: a slip must not take what was sent today. */
export const PRUNE_AGE_HOURS_MIN = 24;

export const PAGE_ITEMS_DEFAULT = 50;
export const PAGE_ITEMS_MAX = 200;
export const SECRETS_PAGE_ITEMS_DEFAULT = 100;
export const CURSOR_LENGTH_MAX = 512;
export const RECOVER_DAYS_MAX = 30;

export const EXCERPT_BYTES_MAX = 4_096;
export const RESPONSE_HEADERS_KEPT_MAX = 64;

/** Of a policy that fixes none, unless the operator does. */
export const GRACE_SECONDS_DEFAULT = 86_400;
/** Graces past a year say "never" in a clumsy way. */
export const GRACE_SECONDS_MAX = 366 * 24 * 3_600;
export const LIVE_SECRETS_MAX = 11;

/** Bytes of one written member of an event beside its payload: a type, an id or a time, escapes included. */
export const EVENT_MEMBER_BYTES_MAX = 1_024;
/** Unknown member names that a refusal lists. */
export const UNKNOWN_MEMBERS_REPORTED_MAX = 16;

export const ENVELOPE_MEMBERS_MAX = 32;
export const ENVELOPE_NAME_LENGTH_MAX = 64;
export const ENVELOPE_LITERAL_LENGTH_MAX = 256;
