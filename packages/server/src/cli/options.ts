import { InvalidArgumentError, Option } from 'commander';

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** An option that takes one of a few words, and may be given several times. */
export function manyOf(flags: string, description: string, choices: readonly string[]): Option {
  const parse = (value: string, before: readonly string[] = []): string[] => {
    if (choices.includes(value)) return [...before, value];
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  };
  return new Option(flags, description).choices(choices).argParser(parse);
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/** A hundred years: what is longer leaves the times that a calendar has. */
const DURATION_SECONDS_MAX = 36_525 * 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** `90`, `90s`, `15m`, `24h`, `7d`, `2w` as seconds. */
export function duration(text: string): number {
  const match = /^([0-9]{1,9})([smhdw]?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a length of time such as 90s, 15m, 24h or 7d.');
  const seconds = Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? 1);
  if (seconds > DURATION_SECONDS_MAX) throw new InvalidArgumentError('It must be 100 years at most.');
  return seconds;
}

export type Moment =
  | { readonly kind: 'at'; readonly time: string }
  | { readonly kind: 'ago'; readonly seconds: number };

/** `2026-01-31T12:00:00Z`, or a length of time, which is so long ago. */
export function moment(text: string): Moment {
  if (/^[0-9]+[smhdw]$/.test(text)) return { kind: 'ago', seconds: duration(text) };
  const time = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time)) {
    throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z, or 2h for two hours ago.');
  }
  return { kind: 'at', time: new Date(time).toISOString() };
}

export function momentText(value: Moment, now: number): string {
  return value.kind === 'at' ? value.time : new Date(now - value.seconds * 1_000).toISOString();
}

/** `name=value` pairs as an object; an empty value removes the name. */
export function pairs(texts: readonly string[]): Record<string, string | null> {
  const result: Record<string, string | null> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = equals === -1 ? '' : text.slice(0, equals);
    if (name === '') throw new InvalidArgumentError(`${JSON.stringify(text)} must be name=value.`);
    const value = text.slice(equals + 1);
    result[name] = value === '' ? null : value;
  }
  return result;
}

/** A collecting option that checks each pair when it is given. */
export function collectPair(value: string, before: readonly string[] = []): string[] {
  pairs([value]);
  return [...before, value];
}

/** What stands at the end of a help text. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

export type PageOptions = { readonly limit?: number; readonly cursor?: string };

export function pageQuery(options: PageOptions): { limit: number | undefined; cursor: string | undefined } {
  return { limit: options.limit, cursor: options.cursor };
}
