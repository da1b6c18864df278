import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Dialect } from '../dialects/dialect.ts';
import type { SettingKey } from './settings.ts';

export const CONFIG_FILE_NAME = 'hookring.config.ts';
/** The one key of the file that is no setting: code cannot come in as text. */
export const DIALECTS_KEY = 'dialects';

/** A value in the file: the text a variable would hold, or the number, boolean or list that it stands for. */
export type FileValue = string | number | boolean | readonly (string | number)[];

/** What `hookring.config.ts` exports by default. Keys are checked by the compiler and again at start. */
export type ConfigFile = { readonly [K in SettingKey]?: FileValue } & {
  /** Dialects of one's own, each made by `defineDialect`. One with the name of a built-in takes its place. */
  readonly dialects?: readonly Dialect[];
};

/** Gives `hookring.config.ts` its types: `export default defineConfig({ port: 8484, dialects: [acme] })`. */
export function defineConfig(file: ConfigFile): ConfigFile {
  return file;
}

export type FileRead =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly values: Readonly<Record<string, unknown>>;
      /** As the file has it, not looked into. */
      readonly dialects: unknown;
    }
  | { readonly kind: 'broken'; readonly path: string; readonly problem: string };

export async function readConfigFile(cwd: string): Promise<FileRead> {
  const path = join(cwd, CONFIG_FILE_NAME);
  if (!existsSync(path)) return { kind: 'absent' };
  let exported: unknown;
  try {
    const module: unknown = await import(pathToFileURL(path).href);
    exported = isRecord(module) ? module['default'] : undefined;
  } catch (error) {
    return { kind: 'broken', path, problem: problemOf(error) };
  }
  if (!isRecord(exported)) return { kind: 'broken', path, problem: 'its default export is not an object' };
  const { [DIALECTS_KEY]: dialects, ...values } = exported;
  return { kind: 'read', path, values, dialects };
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it does not load';
  if (/Cannot find package 'hookring'/.test(error.message)) {
    return "it imports 'hookring', which is not installed there: it must stand in a folder that has the package, such as this checkout";
  }
  // What `npm init` writes makes every file of the folder CommonJS.
  if (/outside a module|Unexpected token 'export'/.test(error.message)) {
    return 'it is an ES module in a folder of CommonJS ones: put "type": "module" into the package.json there';
  }
  return error.message;
}

/** The text that a variable would hold for the same value, or null when the value has no such form. */
export function fileValueText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return null;
  const isPlain = value.every((entry) => typeof entry === 'string' || typeof entry === 'number');
  return isPlain ? value.join(',') : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
