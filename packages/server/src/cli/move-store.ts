import type { PostgresDatabase, SqliteDatabase } from '../config/parse-database.ts';
import type { Config } from '../config/settings.ts';
import { attempted } from '../config/start-problem.ts';
import { keyFileOf } from '../store/master-key-file.ts';
import { explained } from '../store/postgres/explain.ts';
import { TransferRefusal, type TransferRefusalReason } from '../store/transfer/refusal.ts';
import { openSource, type Source } from '../store/transfer/source.ts';
import { openTarget } from '../store/transfer/target.ts';
import { type Compared, type Copied, compareAll, copyAll, type TransferProgress } from '../store/transfer/transfer.ts';
import { openerOf, stoppable } from './backup-setting.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { progressBar } from './progress.ts';

export type Moved = {
  /** Null: nothing was to be copied. */
  readonly copied: Copied | null;
  readonly compared: readonly Compared[];
  readonly masterKeyIds: readonly string[];
};

export type MoveOrder = {
  readonly from: SqliteDatabase;
  readonly to: PostgresDatabase;
  readonly config: Config;
  readonly isCopying: boolean;
  readonly json: boolean;
};

/** Copies and compares, or compares alone. */
export async function moveStore(io: Io, order: MoveOrder): Promise<Moved> {
  const { from, to, config, isCopying, json } = order;
  const bar = progressBar(io, json, { label: isCopying ? 'migrating' : 'comparing' });
  const done = await attempted(async () => {
    await using opened = new AsyncDisposableStack();
    const source = opened.adopt(openSource(from.path), (each) => each.close());
    const masterKeyIds = isCopying ? await checkKeys(source, from, config) : source.sealed(null).masterKeyIds;
    opened.defer(() => bar.end());
    return await stoppable(async (signal) => {
      try {
        const target = await openTarget({ url: to.url, where: to.shown, readOnly: !isCopying });
        opened.defer(async () => await target.close());
        const parts = { source, target, signal, onProgress: (advance: TransferProgress) => bar.show(advance) };
        const copied = isCopying ? await copyAll(parts) : null;
        const compared = await compareAll(parts);
        if (isCopying && compared.every(({ equal }) => equal)) await target.finish();
        return { copied, compared, masterKeyIds };
      } catch (error) {
        throw explained(error);
      }
    });
  }).catch((error: unknown) => {
    throw error instanceof TransferRefusal ? failureOf(error) : error;
  });
  if (done.ok) return done.service;
  throw new CommandFailure({ detail: done.problem, exitCode: EXIT.FAILED, code: 'failed', hint: AGAIN });
}

const AGAIN = 'Run it again when that is mended: it goes on where it was.';

/** Sealed texts are copied as they are, so the servers of the database need the keys of today. */
async function checkKeys(source: Source, { path }: SqliteDatabase, { masterKeys }: Config): Promise<readonly string[]> {
  const { masterKeyIds } = source.sealed(null);
  if (masterKeys === null) {
    throw new TransferRefusal(
      'master_key',
      `HOOKRING_MASTER_KEY is not set; servers on PostgreSQL need the keys that sealed the secrets (${masterKeyIds.join(', ')})`,
      [`If they are in the file of the server: HOOKRING_MASTER_KEY="$(grep -v '^#' ${keyFileOf(path)} | paste -sd,)"`],
    );
  }
  const { problems } = source.sealed(await openerOf(masterKeys, path));
  if (problems.length === 0) return masterKeyIds;
  throw new TransferRefusal(
    'master_key',
    `HOOKRING_MASTER_KEY does not open the secrets; put the keys that sealed them into it (${masterKeyIds.join(', ')})`,
    problems,
  );
}

const EXIT_CODES: Partial<Readonly<Record<TransferRefusalReason, ExitCode>>> = {
  source: EXIT.USAGE,
  master_key: EXIT.USAGE,
};
const HINTS: Partial<Readonly<Record<TransferRefusalReason, string>>> = {
  in_use: 'Stop the server, and let commands on its database end.',
  not_empty: 'Name another database, or make this one anew: DROP DATABASE, CREATE DATABASE.',
  other_source: 'DROP DATABASE and CREATE DATABASE, then the same command again.',
};

function failureOf({ reason, message, problems }: TransferRefusal): CommandFailure {
  return new CommandFailure({
    detail: message,
    exitCode: EXIT_CODES[reason] ?? EXIT.FAILED,
    code: reason,
    errors: problems.map((detail) => ({ pointer: '', detail, code: reason })),
    hint: HINTS[reason] ?? null,
  });
}
