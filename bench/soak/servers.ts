import { Bed } from '../bed.ts';
import { PostgresBed } from '../postgres-bed.ts';
import { type History, writePostgresHistory, writeSqliteHistory } from './history.ts';
import { type TablesWatch, watchPostgres, watchSqlite } from './look-at-tables.ts';
import type { Plan } from './plan.ts';

export type Servers = {
  readonly beds: readonly Bed[];
  readonly tables: TablesWatch;
  readonly history: History;
  /** What the nodes have logged that somebody must see. */
  readonly complaints: Complaints;
};

export type Complaints = { listenerWarnings: number; readonly errorLines: string[] };

const ERROR_LINES_MAX = 20;
/** Retention is as short as the setting permits, and nothing suspends but what the soak suspends. */
const ENVIRONMENT = {
  HOOKRING_RETENTION_DAYS: '1',
  HOOKRING_RETRY_SCHEDULE: Array.from({ length: 50 }, () => '1').join(','),
  HOOKRING_AUTO_SUSPEND_ATTEMPTS: '1000000',
};

/** Nodes on a database that has run for days, as far as its rows can tell. */
export async function startServers(plan: Plan, started: AsyncDisposableStack): Promise<Servers> {
  const complaints: Complaints = { listenerWarnings: 0, errorLines: [] };
  const onLog = (text: string): void => hear(complaints, text);
  const key = `soak-${crypto.randomUUID()}${crypto.randomUUID()}`;
  if (plan.store === 'sqlite') {
    let bed = await Bed.start({ environment: ENVIRONMENT, key, onLog });
    // By then it is another server on the same database.
    started.defer(() => bed.stop());
    const endpointId = await bed.createEndpoint('http://127.0.0.1:8/old', ['soak.old']);
    await bed.server.drain();
    const history = writeSqliteHistory(bed.server.databasePath, endpointId, plan);
    bed = await bed.restart();
    return { beds: [bed], tables: watchSqlite(bed.server.databasePath), history, complaints };
  }
  const postgres = started.use(await PostgresBed.start());
  const database = await postgres.createDatabase();
  const first = await Bed.start({ environment: ENVIRONMENT, database, key });
  const endpointId = await first.createEndpoint('http://127.0.0.1:8/old', ['soak.old']);
  await first.stop();
  const history = await writePostgresHistory(database, endpointId, plan);
  const beds: Bed[] = [];
  for (let index = 0; index < plan.nodes; index += 1) {
    beds.push(started.adopt(await Bed.start({ environment: ENVIRONMENT, database, key, onLog }), (bed) => bed.stop()));
  }
  return { beds, tables: watchPostgres(postgres, database), history, complaints };
}

function hear(complaints: Complaints, text: string): void {
  for (const line of text.split('\n')) {
    if (line.includes('MaxListenersExceededWarning')) complaints.listenerWarnings += 1;
    const isError = /"level":"(error|fatal)"/.test(line);
    if (isError && complaints.errorLines.length < ERROR_LINES_MAX) complaints.errorLines.push(line);
  }
}
