import type { Parsed } from './setting.ts';
import { parsed, problem } from './setting.ts';

const WHOLE_NUMBER = /^[0-9]{1,15}$/;
const DECIMAL_NUMBER = /^[0-9]{1,15}(\.[0-9]{1,3})?$/;

export type Range = { readonly min: number; readonly max: number };

export function wholeNumber(range: Range): (text: string) => Parsed<number> {
  return (text) => {
    const value = Number(text);
    if (!WHOLE_NUMBER.test(text) || value < range.min || value > range.max) {
      return problem(`must be a whole number from ${range.min} to ${range.max}`);
    }
    return parsed(value);
  };
}

export function decimalNumber(range: Range): (text: string) => Parsed<number> {
  return (text) => {
    const value = Number(text);
    if (!DECIMAL_NUMBER.test(text) || value < range.min || value > range.max) {
      return problem(`must be a number from ${range.min} to ${range.max}`);
    }
    return parsed(value);
  };
}

export function parseBoolean(text: string): Parsed<boolean> {
  switch (text.toLowerCase()) {
    case 'true':
    case '1':
    case 'yes':
    case 'on':
      return parsed(true);
    case 'false':
    case '0':
    case 'no':
    case 'off':
      return parsed(false);
    default:
      return problem('must be true or false');
  }
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): (text: string) => Parsed<Choice> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text.toLowerCase());
    return choice === undefined ? problem(`must be one of ${choices.join(', ')}`) : parsed(choice);
  };
}

/** `a, b,c` as its parts; blanks around a part do not count, and an empty part is a mistake. */
export function parts(text: string): Parsed<readonly string[]> {
  const list = text.split(',').map((part) => part.trim());
  return list.includes('') ? problem('has an empty entry between its commas') : parsed(list);
}
