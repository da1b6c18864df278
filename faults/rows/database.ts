import type { Client } from 'pg';
import { type DuplicateBound, type Fault, UNRECORDED_MEANWHILE } from '../fault.ts';
import type { Postgres } from '../postgres.ts';
import type { Scene } from '../scene.ts';

const TWO_NODES = { nodes: [{ role: 'all' }, { role: 'all' }] } as const;

function onPostgres(options: {
  readonly name: string;
  readonly breaks: string;
  readonly postgresFlags?: readonly string[];
  readonly duplicatesMax?: DuplicateBound;
  readonly run: (scene: Scene, postgres: Postgres) => Promise<void>;
}): Fault {
  const { name, breaks, postgresFlags = [], duplicatesMax = UNRECORDED_MEANWHILE, run } = options;
  return {
    name,
    breaks,
    stores: ['postgres'],
    stage: (_store, isShort) => ({ ...(isShort ? {} : TWO_NODES), postgresFlags }),
    duplicatesMax,
    run: async (scene) => {
      if (scene.postgres === null) throw new Error('this row needs PostgreSQL');
      await run(scene, scene.postgres);
    },
  };
}

function restarting(how: 'fast' | 'immediate'): Fault {
  const rounds = 2;
  return onPostgres({
    name: `restart-${how}`,
    breaks: `PostgreSQL is stopped (\`${how}\`) and started again a second later, ${rounds} times`,
    run: async (scene, postgres) => {
      for (let round = 0; round < (scene.isShort ? 1 : rounds); round += 1) {
        scene.strike();
        await postgres.stop(how);
        await scene.hold(1_000);
        await postgres.start();
        scene.heal();
        await scene.hold(2_000);
      }
    },
  });
}

const KILL_SESSIONS = `
  SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND application_name LIKE 'hookring%'`;

const SESSIONS = onPostgres({
  name: 'sessions',
  breaks: 'every session of Hookring is ended (`pg_terminate_backend`), 8 times',
  run: async (scene, postgres) => {
    for (let round = 0; round < (scene.isShort ? 2 : 8); round += 1) {
      scene.strike();
      await postgres.query(KILL_SESSIONS);
      scene.heal();
      await scene.pause(Math.random() * 800);
    }
  },
});

/** Longer than a lease: to whoever looks first all nodes seem dead. */
const FROZEN_MS = 17_000;
const FROZEN_ROUNDS = 3;

const FROZEN = onPostgres({
  name: 'freeze-database',
  breaks: `SIGSTOP of PostgreSQL for ${FROZEN_MS / 1_000} s, longer than a lease, then SIGCONT, ${FROZEN_ROUNDS} times`,
  run: async (scene, postgres) => {
    for (let round = 0; round < (scene.isShort ? 1 : FROZEN_ROUNDS); round += 1) {
      scene.strike();
      postgres.freeze();
      try {
        await scene.hold(FROZEN_MS);
      } finally {
        postgres.thaw();
      }
      scene.heal();
      await scene.hold(2_000);
    }
  },
});

const CROWDED_MS = 8_000;
const CROWD_MAX = 200;

const CONNECTIONS = onPostgres({
  name: 'connections',
  breaks: `others take every connection that PostgreSQL has for ${CROWDED_MS / 1_000} s`,
  postgresFlags: ['-c', 'max_connections=40'],
  run: async (scene, postgres) => {
    const crowd: Client[] = [];
    const superuser = await postgres.connect();
    scene.strike();
    const until = Date.now() + (scene.isShort ? CROWDED_MS / 4 : CROWDED_MS);
    while (Date.now() < until) {
      await superuser.query(KILL_SESSIONS);
      await crowdIn(postgres, crowd);
      await scene.pause(50);
    }
    scene.notes.push(`${crowd.length} taken`);
    await Promise.all(crowd.map(async (client) => await client.end()));
    scene.heal();
    await superuser.end();
  },
});

/** Until PostgreSQL says that it has no more. */
async function crowdIn(postgres: Postgres, crowd: Client[]): Promise<void> {
  while (crowd.length < CROWD_MAX) {
    try {
      crowd.push(await postgres.connect('role'));
    } catch {
      return;
    }
  }
}

const LOCKED_MS = 7_000;

const IDLE_IN_TRANSACTION = onPostgres({
  name: 'idle-in-transaction',
  breaks: `another session sits in a transaction for ${(3 * LOCKED_MS) / 1_000} s: its snapshot is old, and in turn it holds the rows of organizations and endpoints, the table \`queue\`, and the table \`change_counter\``,
  run: async (scene, postgres) => {
    scene.strike();
    const old = await postgres.connect();
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await old.query('SELECT pg_current_xact_id()');
    for (const lock of [
      ['SELECT 1 FROM organizations FOR UPDATE', 'SELECT 1 FROM endpoints FOR UPDATE'],
      ['LOCK TABLE queue IN ACCESS EXCLUSIVE MODE'],
      ['LOCK TABLE change_counter IN ACCESS EXCLUSIVE MODE'],
    ]) {
      const session = await postgres.connect();
      await session.query('BEGIN');
      for (const statement of lock) await session.query(statement);
      await scene.hold(LOCKED_MS);
      await session.query('ROLLBACK');
      await session.end();
    }
    await old.query('ROLLBACK');
    await old.end();
    scene.heal();
  },
});

const READ_ONLY_MS = 6_000;

const READ_ONLY = onPostgres({
  name: 'read-only-database',
  breaks: `PostgreSQL takes no writes for ${READ_ONLY_MS / 1_000} s (\`default_transaction_read_only\`, as managed databases do when their disk is full)`,
  run: async (scene, postgres) => {
    const setTo = async (value: 'on' | 'off'): Promise<void> => {
      await postgres.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await postgres.query('SELECT pg_reload_conf()');
    };
    scene.strike();
    await setTo('on');
    await scene.hold(READ_ONLY_MS);
    await setTo('off');
    scene.heal();
  },
});

export const DATABASE: readonly Fault[] = [
  restarting('fast'),
  restarting('immediate'),
  FROZEN,
  SESSIONS,
  CONNECTIONS,
  IDLE_IN_TRANSACTION,
  READ_ONLY,
];
