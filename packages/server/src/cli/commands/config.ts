import { Command } from 'commander';
import { CONFIG_FILE_NAME } from '../../config/file.ts';
import { emptySecrets, flagName, type LoadedConfig, loadConfig } from '../../config/load.ts';
import { databaseText } from '../../config/parse-database.ts';
import { runningServer } from '../../config/server-file.ts';
import type { Setting } from '../../config/setting.ts';
import { type Config, SETTING_KEYS, SETTINGS, type SettingKey } from '../../config/settings.ts';
import { configurationFailure } from '../connect.ts';
import { type Io, writeLine } from '../io.ts';
import { guarded, type Report } from '../session.ts';
import { flagsOf, settingOptions } from '../setting-options.ts';
import { type Column, table } from '../table.ts';

type Shown = {
  readonly key: SettingKey;
  readonly variable: string;
  readonly flag: string | null;
  /** Null: it is not set, or it is secret. */
  readonly value: string | number | boolean | null;
  readonly isSet: boolean;
  readonly secret: boolean;
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  readonly description: string;
};

const COLUMNS: readonly Column<Shown>[] = [
  { title: 'SETTING', text: ({ variable }) => variable },
  { title: 'VALUE', text: valueText, shrinks: true },
  { title: 'FROM', text: sourceText },
];

export function configCommand(io: Io, report: Report): Command {
  const options = settingOptions();
  const command = new Command('config')
    .description('show the settings in force, and where each comes from')
    .option('--json', 'print exactly one JSON document')
    .addHelpText(
      'after',
      `
Shows what a server would take that was started here and now with these flags; one that runs keeps what it was started with.
Of secrets it says only whether they are set. With problems they are all shown, and the exit code is 2.

Examples:
  hookring config
  hookring config --json | jq -r '.settings[] | select(.source != "default") | .variable'`,
    );
  for (const option of options.values()) command.addOption(option);
  return command.action(async (values: Readonly<Record<string, unknown>>) => {
    const json = values['json'] === true;
    await guarded(io, report, json, async () => {
      const loaded = await loadConfig({ flags: flagsOf(options, values), env: io.env, cwd: io.cwd });
      const warnings = [...loaded.warnings, ...emptySecrets(io.env)];
      if (!json) for (const warning of warnings) writeLine(io.stderr, `warning: ${warning}`);
      if (!loaded.ok) throw configurationFailure(loaded.problems);
      writeLine(io.stdout, json ? JSON.stringify(documentOf(io, loaded, warnings), null, 2) : textOf(io, loaded));
    });
  });
}

type Loaded = Extract<LoadedConfig, { ok: true }>;

function documentOf(io: Io, loaded: Loaded, warnings: readonly string[]) {
  return {
    settings: shownSettings(loaded),
    commands: clientSettings(io),
    dialects: loaded.dialects.map(({ name }) => name),
    server: serverShown(loaded),
    warnings,
  };
}

function textOf(io: Io, loaded: Loaded): string {
  const lines = [table(io, COLUMNS, shownSettings(loaded)), ''];
  for (const { variable, value, isSet } of clientSettings(io)) {
    if (isSet)
      lines.push(`${variable} is set${value === null ? '' : ` to ${value}`}, for commands that talk to a server.`);
  }
  const names = loaded.dialects.map(({ name }) => name);
  if (names.length > 0) lines.push(`Dialects of ${CONFIG_FILE_NAME}: ${names.join(', ')}`);
  const server = serverShown(loaded);
  lines.push(
    server === null
      ? noServer(loaded)
      : `A server runs on this database at ${server.url} (process ${server.pid}), with the settings that it was started with.`,
  );
  return lines.join('\n');
}

/** Settings of the commands that talk to a server, which have a flag at each of them. */
const CLIENT_VARIABLES = ['HOOKRING_URL', 'HOOKRING_API_KEY', 'HOOKRING_ORGANIZATION'] as const;

function clientSettings({ env }: Pick<Io, 'env'>) {
  return CLIENT_VARIABLES.map((variable) => {
    const value = env[variable]?.trim() ?? '';
    // An address with a user in it is refused where it is used, and its password shown nowhere.
    const secret = variable === 'HOOKRING_API_KEY' || value.includes('@');
    return { variable, value: secret || value === '' ? null : value, isSet: value !== '', secret };
  });
}

/** Servers of other machines cannot be seen from here. */
function noServer({ config }: Loaded): string {
  return config.database.kind === 'sqlite'
    ? 'No server runs on this database.'
    : 'No server with an API runs on this database on this machine.';
}

function serverShown({ config }: Loaded): { readonly url: string; readonly pid: number } | null {
  const found = runningServer(config.database);
  return found === null ? null : { url: found.url, pid: found.pid };
}

function shownSettings({ config, sources, texts }: Loaded): readonly Shown[] {
  return SETTING_KEYS.map((key) => {
    const setting: Setting<unknown> = SETTINGS[key];
    const { variable, description } = setting;
    const isSet = config[key] !== null;
    // Its password is never shown; the rest of the address is no secret.
    const secret = setting.sensitive && key !== 'database';
    return {
      key,
      variable,
      flag: setting.flag === null ? null : flagName(setting),
      value: secret || !isSet ? null : shownValue(config, key, texts[key]),
      isSet,
      secret,
      source: sources[key],
      description: description.replaceAll('`', ''),
    };
  });
}

/** What is in force: the value itself where it is a plain one, else the text that it was read from. */
function shownValue(config: Config, key: SettingKey, given: string | null): string | number | boolean | null {
  if (key === 'database') return databaseText(config.database);
  const value = config[key];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : given;
}

function valueText({ value, isSet, secret }: Shown): string {
  if (!isSet) return 'not set';
  return secret ? 'set (secret)' : String(value);
}

function sourceText({ source, flag, isSet }: Shown): string {
  if (source === 'flag') return `flag ${flag ?? ''}`;
  if (source === 'file') return CONFIG_FILE_NAME;
  return source === 'default' && !isSet ? '-' : source;
}
