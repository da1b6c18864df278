import { type Fault, UNRECORDED, UNRECORDED_MEANWHILE } from '../fault.ts';
import { tearPostgresLog } from '../postgres-log.ts';
import type { Scene } from '../scene.ts';
import { tear } from '../sqlite-log.ts';

const ROUNDS = 3;

export const TORN_LOG: Fault = {
  name: 'torn-log',
  breaks: `\`kill -9\` of whoever writes the database, and the page behind the last one of its log half written, ${ROUNDS} times`,
  stores: ['sqlite', 'postgres'],
  duplicatesMax: {
    words: `${UNRECORDED.words}; on PostgreSQL also what was taken within 2 s after it`,
    of: (scene) => (scene.store === 'sqlite' ? UNRECORDED : UNRECORDED_MEANWHILE).of(scene),
  },
  run: async (scene) => {
    for (let round = 0; round < (scene.isShort ? 1 : ROUNDS); round += 1) {
      scene.strike();
      if (scene.postgres === null) await tearSqlite(scene);
      else await tearPostgres(scene);
      scene.heal();
      await scene.hold(1_500);
    }
  },
};

async function tearSqlite(scene: Scene): Promise<void> {
  const [node] = scene.nodes;
  if (node === undefined) return;
  await node.kill();
  const frames = tear(`${node.databasePath}-wal`);
  if (frames === 0) scene.violations.push('there was no log to tear');
  await node.start();
}

async function tearPostgres({ postgres, violations }: Scene): Promise<void> {
  await postgres?.stop('kill');
  if (tearPostgresLog(postgres?.data ?? '') === null) violations.push('there was no log to tear');
  await postgres?.start();
}
