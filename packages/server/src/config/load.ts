import type { Dialect } from '../dialects/dialect.ts';
import { arrangementProblem, readDialects } from './dialect-settings.ts';
import type { FileRead } from './file.ts';
import { CONFIG_FILE_NAME, DIALECTS_KEY, fileValueText, readConfigFile } from './file.ts';
import { settleGrace } from './grace-settings.ts';
import { nearest } from './nearest.ts';
import { databaseWarnings, roleProblem } from './parse-database.ts';
import { jwtProblem, jwtWarnings } from './parse-jwt.ts';
import { tracingWarnings } from './parse-tracing.ts';
import type { Setting } from './setting.ts';
import type { Config, SettingKey } from './settings.ts';
import { OTHER_VARIABLES, SETTING_KEYS, SETTINGS } from './settings.ts';

const PREFIX = 'HOOKRING_';
const VALUE_SHOWN_LENGTH_MAX = 80;

/** Flags as the command line gave them, by setting; a flag without a value is `true`. */
export type Flags = { readonly [K in SettingKey]?: string | boolean };
export type Environment = Readonly<Record<string, string | undefined>>;
export type Source = 'flag' | 'environment' | 'file' | 'default';

export type ConfigProblem = {
  /** The variable, whichever way the value came in. */
  readonly variable: string;
  /** One sentence for the operator. Never holds the value of a sensitive setting. */
  readonly message: string;
};

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Those of the file, in its order. */
      readonly dialects: readonly Dialect[];
      readonly sources: Readonly<Record<SettingKey, Source>>;
      /** What each was read from; null: it has no value, or it is sensitive. */
      readonly texts: Readonly<Record<SettingKey, string | null>>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly string[] };

type Given = { readonly text: string; readonly source: Source; readonly where: string };

type Input = { readonly flags: Flags; readonly env: Environment; readonly cwd: string };

/** Reads flags, then the environment, then the file; every problem is reported at once. */
export async function loadConfig(input: Input): Promise<LoadedConfig> {
  const file = await readConfigFile(input.cwd);
  const { values, sources, texts, problems } = readSettings(input, file);
  problems.unshift(...fileProblems(file));
  const jwt = jwtProblem(values);
  if (jwt !== null) problems.push({ variable: SETTINGS.jwtJwksUrl.variable, message: jwt });
  const role = roleProblem(values);
  if (role !== null) problems.push({ variable: SETTINGS.role.variable, message: role });
  const warnings = [
    ...unknownVariables(input.env),
    ...databaseWarnings(values, sources.database === 'flag'),
    ...jwtWarnings(values),
    ...tracingWarnings(values),
  ];
  const { dialects, problems: dialectProblems } = await readOwnDialects(file, values.rootDialect);
  problems.push(...dialectProblems);
  const grace = settleGrace(values, sources.graceSecondsDefault === 'default');
  if (!grace.ok) problems.push({ variable: SETTINGS.graceSecondsDefault.variable, message: grace.problem });
  if (problems.length > 0 || !grace.ok) return { ok: false, problems, warnings };
  // Without a problem every key of SETTINGS has a value of its own parser.
  return { ok: true, config: { ...(values as Config), ...grace.value }, dialects, sources, texts, warnings };
}

type SettingsRead = {
  /** Those that could be read. */
  readonly values: Partial<Config>;
  readonly sources: Readonly<Record<SettingKey, Source>>;
  readonly texts: Readonly<Record<SettingKey, string | null>>;
  readonly problems: ConfigProblem[];
};

function readSettings(input: Input, file: FileRead): SettingsRead {
  const problems: ConfigProblem[] = [];
  const values = new Map<SettingKey, unknown>();
  const sources = new Map<SettingKey, Source>();
  const texts = new Map<SettingKey, string | null>();
  for (const key of SETTING_KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const given = find(key, setting, input.flags, input.env, file);
    sources.set(key, given?.source ?? 'default');
    texts.set(key, setting.sensitive ? null : (given?.text ?? null));
    if (given === null) {
      values.set(key, null);
      continue;
    }
    const result = setting.parse(given.text, { cwd: input.cwd });
    if (result.ok) values.set(key, result.value);
    else problems.push({ variable: setting.variable, message: problemMessage(setting, given, result.problem) });
  }
  return {
    // Each value is of its own parser, and each key has a source.
    values: Object.fromEntries(values) as Partial<Config>,
    sources: Object.fromEntries(sources) as Record<SettingKey, Source>,
    texts: Object.fromEntries(texts) as Record<SettingKey, string | null>,
    problems,
  };
}

/** The dialects of the file, and whether they and the built-in ones have a place each. */
async function readOwnDialects(
  file: FileRead,
  rootDialect: string | null | undefined,
): Promise<{ readonly dialects: readonly Dialect[]; readonly problems: readonly ConfigProblem[] }> {
  // What a broken file holds is not known, nor what a root that cannot be read should be.
  if (file.kind === 'broken') return { dialects: [], problems: [] };
  const own = await readDialects(file.kind === 'read' ? file.dialects : undefined);
  if (!own.ok) return { dialects: [], problems: own.problems.map(dialectsProblem) };
  const { dialects } = own;
  const fault = await arrangementProblem(dialects, rootDialect ?? null);
  if (fault === null) return { dialects, problems: [] };
  if (fault.about === 'dialects') return { dialects, problems: [dialectsProblem(`cannot be used: ${fault.message}`)] };
  const { variable } = SETTINGS.rootDialect;
  return {
    dialects,
    problems: [{ variable, message: `${variable} is ${JSON.stringify(rootDialect)}: ${fault.message}` }],
  };
}

function dialectsProblem(text: string): ConfigProblem {
  return { variable: CONFIG_FILE_NAME, message: `dialects in ${CONFIG_FILE_NAME} ${text}.` };
}

function find(
  key: SettingKey,
  setting: Setting<unknown>,
  flags: Flags,
  env: Environment,
  file: FileRead,
): Given | null {
  const flag = flags[key];
  if (flag !== undefined) return { text: String(flag).trim(), source: 'flag', where: flagName(setting) };
  const variable = env[setting.variable]?.trim() ?? '';
  if (variable !== '') return { text: variable, source: 'environment', where: setting.variable };
  if (file.kind === 'read') {
    // A value of another type was reported by fileProblems.
    const text = fileValueText(file.values[key]);
    if (text !== null && text !== '') return { text, source: 'file', where: `${key} in ${CONFIG_FILE_NAME}` };
  }
  if (setting.defaultText === null) return null;
  return { text: setting.defaultText, source: 'default', where: setting.variable };
}

export function flagName(setting: Pick<Setting<unknown>, 'flag' | 'variable'>): string {
  return setting.flag?.split(' ')[0] ?? setting.variable;
}

function problemMessage(setting: Setting<unknown>, given: Given, text: string): string {
  const shown = JSON.stringify(given.text.slice(0, VALUE_SHOWN_LENGTH_MAX));
  const subject = setting.sensitive ? given.where : `${given.where} is ${shown}: it`;
  return `${subject} ${text}. Example: ${setting.variable}=${setting.example}`;
}

function fileProblems(file: FileRead): ConfigProblem[] {
  if (file.kind === 'absent') return [];
  if (file.kind === 'broken') {
    return [{ variable: CONFIG_FILE_NAME, message: `${CONFIG_FILE_NAME} cannot be used: ${file.problem}` }];
  }
  const problems: ConfigProblem[] = [];
  for (const [key, value] of Object.entries(file.values)) {
    if (!(SETTING_KEYS as readonly string[]).includes(key)) {
      const meant = nearest(key, [...SETTING_KEYS, DIALECTS_KEY]);
      const hint = meant === null ? '' : ` Did you mean ${meant}?`;
      problems.push({ variable: CONFIG_FILE_NAME, message: `${CONFIG_FILE_NAME} has an unknown key ${key}.${hint}` });
    } else if (value !== undefined && fileValueText(value) === null) {
      const message = `${key} in ${CONFIG_FILE_NAME} must be a string, a number, a boolean or a list of those.`;
      problems.push({ variable: CONFIG_FILE_NAME, message });
    }
  }
  return problems;
}

function unknownVariables(env: Environment): string[] {
  const known = [...SETTING_KEYS.map((key) => SETTINGS[key].variable), ...OTHER_VARIABLES] as readonly string[];
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name)) continue;
    const meant = nearest(name, known);
    warnings.push(`${name} is not a setting of Hookring.${meant === null ? '' : ` Did you mean ${meant}?`}`);
  }
  return warnings.toSorted();
}

/** A compose file or a unit whose secret was not filled in: an empty variable counts as unset. */
export function emptySecrets(env: Environment): readonly string[] {
  return SETTING_KEYS.map((key): Setting<unknown> => SETTINGS[key])
    .filter(({ sensitive, variable }) => sensitive && env[variable]?.trim() === '')
    .map(({ variable }) => `${variable} is set and empty, which counts as unset.`);
}
