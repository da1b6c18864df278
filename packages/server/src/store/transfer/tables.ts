/** How a column looks on both sides. */
export type ColumnKind = 'text' | 'integer' | 'boolean' | 'real' | 'bytes' | 'uuid';

export type Column = {
  /** In PostgreSQL. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** What SQLite is asked for. */
  readonly from: string;
};

/** One table of PostgreSQL and where its rows come from. */
export type TableTransfer = {
  readonly table: string;
  readonly columns: readonly Column[];
  /** `FROM` of SQLite, with what must be joined. */
  readonly source: string;
  /** Unique together, and an index of SQLite in this order: how far a transfer has come. */
  readonly key: readonly string[];
  /** Part of the rows only. */
  readonly where?: string;
  /** The table is cut into days by this column. */
  readonly daysBy?: string;
};

type Spec = `${string} ${ColumnKind}` | `${string} ${ColumnKind} = ${string}`;

/** `name kind`, or `name kind = expression` where it is called otherwise in SQLite. */
function columns(alias: string, ...specs: readonly Spec[]): readonly Column[] {
  return specs.map((spec) => {
    const [left = '', from] = spec.split(' = ');
    const [name = '', kind = ''] = left.split(' ');
    return { name, kind: kind as ColumnKind, from: from ?? `${alias}.${name}` }; // The type of a spec says so.
  });
}

const SECRET = columns(
  's',
  'id text',
  'owner text',
  'position integer',
  'number integer',
  'algorithm text',
  'created_at integer',
  'activates_at integer',
  'superseded_at integer',
  'expires_at integer',
  'revoked_at integer',
  'signs_from integer',
  'signs_until integer',
  'ends_at integer',
  'origin text',
  'hint text',
  'fingerprint text',
  'public_key text',
  'actor text',
  'reason text',
  'sealed text',
);

/**
 * Everything that outlives a server, in an order in which nothing names what is not there yet. Numbers of organizations,
 * endpoints and lines of the audit log stay what they are. Left out: runs of servers and who answers for which endpoint,
 * which the next server begins anew. Rows of the queue come as waiting ones, for nobody holds them any more.
 */
export const TABLES: readonly TableTransfer[] = [
  {
    table: 'organizations',
    columns: columns(
      'o',
      'number integer',
      'id text',
      'external_id text',
      'name text',
      'rotation_policy text',
      'version integer',
      'created_at integer',
      'updated_at integer',
    ),
    source: 'organizations o',
    key: ['o.number'],
  },
  {
    table: 'endpoints',
    columns: columns(
      'p',
      'number integer',
      'id text',
      'organization integer',
      'url text',
      'status text',
      'status_reason text',
      'status_at integer',
      'draining boolean',
      'settings text',
      'version integer',
      'created_at integer',
      'updated_at integer',
    ),
    source: 'endpoints p',
    key: ['p.number'],
  },
  {
    table: 'endpoint_health',
    columns: columns(
      'h',
      'endpoint integer',
      'consecutive_failures integer',
      'failing_since integer',
      'last_success_at integer',
      'last_failure_at integer',
    ),
    source: 'endpoint_health h',
    key: ['h.endpoint'],
  },
  {
    table: 'keyrings',
    columns: columns('k', 'owner text', 'version integer'),
    source: 'keyrings k',
    key: ['k.owner'],
  },
  { table: 'secrets', columns: SECRET, source: 'secrets s', key: ['s.id'] },
  { table: 'secret_history', columns: SECRET, source: 'secret_history s', key: ['s.id'] },
  {
    table: 'service_keys',
    columns: columns('k', 'name text', 'sealed text'),
    source: 'service_keys k',
    key: ['k.name'],
  },
  {
    table: 'api_keys',
    columns: columns(
      'k',
      'id text',
      'organization_id text',
      'name text',
      'token_hash text',
      'hint text',
      'dialect text',
      'scopes text',
      'created_at integer',
      'expires_at integer',
      'revoked_at integer',
    ),
    source: 'api_keys k',
    key: ['k.id'],
  },
  {
    table: 'events',
    columns: columns(
      'v',
      'key uuid',
      'organization integer',
      'id text',
      'type text',
      'content_type text',
      'occurred_at integer',
      'created_at integer',
      'payload bytes',
    ),
    source: 'events v',
    key: ['v.number'],
    daysBy: 'key',
  },
  {
    table: 'event_ids',
    columns: columns(
      'i',
      'organization integer',
      'id text',
      'event uuid = v.key',
      'fingerprint text',
      'created_at integer = v.created_at',
      'expires_at integer',
    ),
    source: 'event_ids i LEFT JOIN events v ON v.number = i.event',
    key: ['i.organization', 'i.id'],
  },
  {
    table: 'erasures',
    columns: columns('x', 'event uuid = v.key', 'at integer'),
    source: 'erasures x LEFT JOIN events v ON v.number = x.event',
    key: ['x.event'],
  },
  {
    table: 'deliveries',
    columns: columns(
      'd',
      'id uuid',
      'event uuid = v.key',
      'organization integer',
      'endpoint integer',
      'created_at integer',
      'status text',
      'attempt_count integer',
      'last_response_status integer',
      'last_attempt_at integer',
      'ended_at integer',
      'last_error_kind text',
      'death_reason text',
      'resend_of uuid',
    ),
    source: 'deliveries d LEFT JOIN events v ON v.number = d.event',
    key: ['d.number'],
    daysBy: 'id',
  },
  {
    table: 'failed_deliveries',
    columns: columns('d', 'delivery uuid = d.id', 'endpoint integer', 'organization integer', 'status text'),
    source: 'deliveries d',
    key: ['d.number'],
    where: "d.status IN ('dead', 'cancelled')",
    daysBy: 'delivery',
  },
  {
    table: 'queue',
    columns: columns(
      'q',
      'delivery uuid = d.id',
      'event uuid = v.key',
      'organization integer = d.organization',
      'endpoint integer',
      'due_at integer',
      'resend boolean = d.resend_of IS NOT NULL',
    ),
    source: 'queue q LEFT JOIN deliveries d ON d.number = q.delivery LEFT JOIN events v ON v.number = d.event',
    key: ['q.delivery'],
  },
  {
    table: 'attempts',
    columns: columns(
      'a',
      'id uuid',
      'delivery uuid = d.id',
      'started_at integer',
      'endpoint integer',
      'ordinal integer',
      'response_status integer',
      'ring_version integer',
      'dns_ms real',
      'connect_ms real',
      'tls_ms real',
      'first_byte_ms real',
      'total_ms real',
      'error_kind text',
      'error_detail text',
      'key_ids text',
      'response_headers text',
      'response_excerpt bytes',
    ),
    source: 'attempts a LEFT JOIN deliveries d ON d.number = a.delivery',
    key: ['a.number'],
    daysBy: 'id',
  },
  {
    table: 'idempotency',
    columns: columns(
      'i',
      'principal text',
      'route text',
      'key text',
      'fingerprint text',
      'reference text',
      'created_at integer',
      'expires_at integer',
    ),
    source: 'idempotency i',
    key: ['i.principal', 'i.route', 'i.key'],
  },
  {
    table: 'audit',
    columns: columns(
      'a',
      'number integer',
      'id text',
      'at integer',
      'organization_id text',
      'actor text',
      'action text',
      'target text',
      'reason text',
      'detail text',
      'address text',
      'request_id text',
    ),
    source: 'audit a',
    key: ['a.number'],
  },
];

/** Whose numbers go on where they were. */
export const NUMBERED = ['organizations', 'endpoints', 'audit'] as const;
