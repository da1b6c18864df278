import type { FileRead } from './file.ts';
import { CONFIG_FILE_NAME, fileValueText, readConfigFile } from './file.ts';
import { nearest } from './nearest.ts';
import type { Setting } from './setting.ts';
import type { Config, SettingKey } from './settings.ts';
import { OTHER_VARIABLES, SETTING_KEYS, SETTINGS, UNAVAILABLE } from './settings.ts';

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
      readonly sources: Readonly<Record<SettingKey, Source>>;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly string[] };

type Given = { readonly text: string; readonly source: Source; readonly where: string };

/** Reads flags, then the environment, then the file; every problem is reported at once. */
export async function loadConfig(input: {
  readonly flags: Flags;
  readonly env: Environment;
  readonly cwd: string;
}): Promise<LoadedConfig> {
  const file = await readConfigFile(input.cwd);
  const problems: ConfigProblem[] = [...fileProblems(file), ...unavailableProblems(input.env)];
  const values = new Map<SettingKey, unknown>();
  const sources = new Map<SettingKey, Source>();
  for (const key of SETTING_KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const given = find(key, setting, input.flags, input.env, file);
    sources.set(key, given?.source ?? 'default');
    if (given === null) {
      values.set(key, null);
      continue;
    }
    const result = setting.parse(given.text, { cwd: input.cwd });
    if (result.ok) values.set(key, result.value);
    else problems.push({ variable: setting.variable, message: problemMessage(setting, given, result.problem) });
  }
  const warnings = unknownVariables(input.env);
  if (problems.length > 0) return { ok: false, problems, warnings };
  return {
    ok: true,
    // Every key of SETTINGS was set above, each by its own parser.
    config: Object.fromEntries(values) as Config,
    sources: Object.fromEntries(sources) as Record<SettingKey, Source>,
    warnings,
  };
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

function unavailableProblems(env: Environment): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [variable, why] of Object.entries(UNAVAILABLE)) {
    const isSet = (env[variable]?.trim() ?? '') !== '';
    if (isSet) problems.push({ variable, message: `${variable} is set, but ${why}. Unset it to start.` });
  }
  return problems;
}

function fileProblems(file: FileRead): ConfigProblem[] {
  if (file.kind === 'absent') return [];
  if (file.kind === 'broken') {
    return [{ variable: CONFIG_FILE_NAME, message: `${CONFIG_FILE_NAME} cannot be used: ${file.problem}` }];
  }
  const problems: ConfigProblem[] = [];
  for (const [key, value] of Object.entries(file.values)) {
    if (!(SETTING_KEYS as readonly string[]).includes(key)) {
      const meant = nearest(key, SETTING_KEYS);
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
  const known = [
    ...SETTING_KEYS.map((key) => SETTINGS[key].variable),
    ...Object.keys(UNAVAILABLE),
    ...OTHER_VARIABLES,
  ] as readonly string[];
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name)) continue;
    const meant = nearest(name, known);
    warnings.push(`${name} is not a setting of Hookring.${meant === null ? '' : ` Did you mean ${meant}?`}`);
  }
  return warnings.toSorted();
}
