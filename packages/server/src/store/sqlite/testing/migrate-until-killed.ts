import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../migrate.ts';
import { MIGRATIONS } from '../migrations/registry.ts';

/** Brings a database to a version with one long change more; says so when it is done. */
const [, , path = ''] = process.argv;
const db = new DatabaseSync(path);
// Pages go to the log while it works, as they do when a change is larger than memory.
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10');
const rewrite = `UPDATE events SET payload = zeroblob(length(payload) + 1); UPDATE deliveries SET attempt_count = 9;`;
migrate(db, path, { migrations: [...MIGRATIONS, rewrite.repeat(50)] });
process.stdout.write('done\n');
