import { Client } from 'pg';

/** Each object of the schema as one statement, in the order of names, alike on every version of the server. */
const OBJECTS = [
  `SELECT c.relname AS name, format(E'CREATE TABLE %I (\\n%s\\n)%s%s', c.relname,
      string_agg(format('  %I %s%s%s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || quote_ident(o.collname) ELSE '' END,
        CASE WHEN a.attstorage <> t.typstorage THEN ' STORAGE ' || a.attstorage::text ELSE '' END,
        CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
        CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END,
        coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')), E',\\n' ORDER BY a.attnum),
      coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), ''),
      coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')) AS definition
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid, c.relname, c.reloptions`,
  `SELECT c.relname AS name, pg_get_indexdef(i.indexrelid)
      || CASE WHEN i.indisprimary THEN ' /* primary key */' ELSE '' END AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace`,
  `SELECT p.proname AS name, pg_get_functiondef(p.oid) AS definition
    FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace`,
  `SELECT t.tgname AS name, pg_get_triggerdef(t.oid) AS definition FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal`,
  `SELECT c.relname AS name, 'CREATE VIEW ' || c.relname || ' AS ' || pg_get_viewdef(c.oid) AS definition FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'`,
];

export async function dumpSchema(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found: { name: string; definition: string }[] = [];
    for (const text of OBJECTS) found.push(...(await client.query<{ name: string; definition: string }>(text)).rows);
    const definitions = found.toSorted((one, other) => (one.definition < other.definition ? -1 : 1));
    return definitions.map(({ definition }) => `${definition.trim()};\n`).join('\n');
  } finally {
    await client.end();
  }
}
