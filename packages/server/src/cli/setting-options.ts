import { Option } from 'commander';
import type { Flags } from '../config/load.ts';
import type { Setting } from '../config/setting.ts';
import { LOG_LEVELS, SETTING_KEYS, SETTINGS, type SettingKey } from '../config/settings.ts';
import { dialectNames, suggest } from './completion/suggest.ts';

const SUGGESTED: Partial<Readonly<Record<SettingKey, () => Promise<readonly string[]>>>> = {
  logLevel: () => Promise.resolve(LOG_LEVELS),
  rootDialect: dialectNames,
  allowHttp: () => Promise.resolve(['true', 'false']),
};

export type SettingOptions = ReadonlyMap<SettingKey, Option>;

/** Every setting that has a flag, with the text that the manual has. */
export function settingOptions(): SettingOptions {
  const options = new Map<SettingKey, Option>();
  for (const key of SETTING_KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    if (setting.flag === null) continue;
    const fallback = setting.defaultText === null ? '' : ` [${setting.defaultText}]`;
    const description = `${setting.description.replaceAll('`', '')}${fallback} (${setting.variable})`;
    const option = new Option(setting.flag, description);
    const values = SUGGESTED[key];
    options.set(key, values === undefined ? option : suggest(option, values));
  }
  return options;
}

/** Those that were given on the command line. */
export function flagsOf(options: SettingOptions, values: Readonly<Record<string, unknown>>): Flags {
  const flags: Partial<Record<SettingKey, string | boolean>> = {};
  for (const [key, option] of options) {
    const value = values[option.attributeName()];
    if (typeof value === 'string' || typeof value === 'boolean') flags[key] = value;
  }
  return flags;
}
