import { createSecretKey } from 'node:crypto';
import type { SqliteDatabase } from '../../config/parse-database.ts';
import type { Config } from '../../config/settings.ts';
import { keyFileOf, type MasterKey, MasterKeyFileError, readKeyFile } from '../../store/master-key-file.ts';
import { type Inspection, inspectDatabase, type SealedSample } from '../../store/sqlite/inspect.ts';
import { createVault } from '../../store/vault.ts';
import { type Finding, fail, well } from './finding.ts';

/** A larger one is looked through only when it is asked for: it takes a second for each gigabyte, or many. */
const CHECK_BYTES_MAX = 512 * 1_048_576;

/** What is in the database, which is there, and whether its secrets can be opened. */
export async function checkDatabase(
  config: Config,
  { path }: SqliteDatabase,
  thorough: boolean,
): Promise<readonly Finding[]> {
  const found = inspectDatabase(path, { checkBytesMax: thorough ? Number.POSITIVE_INFINITY : CHECK_BYTES_MAX });
  const sealed = found.kind === 'ours' ? found.sealed : [];
  return [...contentFindings(path, found), await checkMasterKey(config, path, sealed)];
}

function contentFindings(path: string, found: Inspection): readonly Finding[] {
  const restore = 'Stop the server, keep a copy of the file, and bring back the last backup: hookring restore.';
  switch (found.kind) {
    case 'unreadable':
      return [fail('content', `${path} cannot be read: ${found.problem}`, restore)];
    case 'foreign':
      return [
        fail(
          'content',
          `${path} is the database of another program`,
          'Set HOOKRING_DATABASE_URL to a file of its own.',
        ),
      ];
    case 'empty':
      return [well('content', 'nothing is in it yet')];
    case 'ours':
      return [schemaFinding(found), integrityFinding(path, found, restore)];
  }
}

type Ours = Extract<Inspection, { kind: 'ours' }>;

function schemaFinding({ version, versionKnown }: Ours): Finding {
  if (version > versionKnown) {
    return fail(
      'schema',
      `the database was written by a newer Hookring (version ${version} of its tables; this one knows ${versionKnown})`,
      'Install that version or a later one again: tables are never taken back.',
    );
  }
  if (version === versionKnown) return well('schema', `version ${version}`);
  return well('schema', `version ${version}; the next start brings it to ${versionKnown}`);
}

function integrityFinding(path: string, { fault, isChecked }: Ours, restore: string): Finding {
  if (fault !== null) return fail('integrity', `${path} is damaged: ${fault}`, restore);
  return well(
    'integrity',
    isChecked ? 'not damaged' : 'not looked through, for it is large: hookring doctor --thorough',
  );
}

async function checkMasterKey(config: Config, databasePath: string, sealed: readonly SealedSample[]): Promise<Finding> {
  const check = 'master key';
  const path = keyFileOf(databasePath);
  const configured = config.masterKeys;
  let keys: readonly MasterKey[] | null = configured;
  try {
    keys ??= await readKeyFile(path);
  } catch (error) {
    if (error instanceof MasterKeyFileError) {
      const isOpen = error.message.includes('chmod');
      const advice = isOpen
        ? `chmod 600 ${path}, then, since others may have read it: hookring master-key rotate`
        : 'Bring back your copy of the file; without the key no signing secret can be read again.';
      return fail(check, error.message, advice);
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return fail(
      check,
      `${path} cannot be read (${code})`,
      'Give it to the user who runs the server: chown, chmod 600.',
    );
  }
  if (keys === null) {
    if (sealed.length === 0)
      return well(check, 'none is configured, and nothing is sealed yet; the next start makes one');
    return fail(
      check,
      `${path} is missing, so the secrets of this database cannot be opened`,
      'Put it back from your copy, or set HOOKRING_MASTER_KEY.',
    );
  }
  const isConfigured = configured !== null;
  return masterKeyFinding({ keys, sealed, from: isConfigured ? 'HOOKRING_MASTER_KEY' : path, isConfigured });
}

/** Whether keys open what is sealed. */
export function masterKeyFinding(given: {
  readonly keys: readonly MasterKey[];
  readonly sealed: readonly SealedSample[];
  readonly from: string;
  readonly isConfigured: boolean;
}): Finding {
  const check = 'master key';
  const { keys, sealed, from, isConfigured } = given;
  const closed = unopened(keys, sealed);
  if (closed > 0) {
    return fail(
      check,
      closed === sealed.length
        ? `the keys in ${from} do not open the secrets of this database`
        : `the keys in ${from} do not open some secrets of this database: an older key is missing`,
      isConfigured
        ? 'Put the key that sealed them behind the new one: HOOKRING_MASTER_KEY=new:…,old:…; drop it after hookring master-key rotate.'
        : 'The file is another one than it was: put it back from your copy.',
    );
  }
  if (isConfigured) return well(check, `configured; ${keys[0]?.id ?? '?'} seals, and all that was looked at opens`);
  return well(check, `${from}; keep a copy of it apart from copies of the database`);
}

function unopened(keys: readonly MasterKey[], sealed: readonly SealedSample[]): number {
  const objects = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
  const [first] = objects;
  if (first === undefined) return sealed.length;
  const vault = createVault({ first: () => ({ id: first[0], key: first[1] }), byId: (id) => objects.get(id) ?? null });
  return sealed.filter(({ sealed: text, owner, id }) => {
    try {
      vault.unseal(text, owner, id);
      return false;
    } catch {
      return true;
    }
  }).length;
}

/** Without a database: whether keys are there for the first start. */
export function masterKeyBeforehand(config: Config): Finding {
  if (config.masterKeys !== null) return well('master key', `configured; ${config.masterKeys[0]?.id ?? '?'} seals`);
  return well('master key', 'none is configured; the first start makes one');
}
