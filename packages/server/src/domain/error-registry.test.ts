import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorEntry, isErrorCode, statusOf } from './error-registry.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| ([^|]+) \| ([^|]+) \|$/gm)];
const entries = Object.entries<ErrorEntry>(ERRORS);

describe('the error registry', () => {
  it('is what the page of errors says, code by code, in the same order', () => {
    expect(rows.map(([, code, status]) => [code, Number(status)])).toEqual(
      entries.map(([code, { status }]) => [code, status]),
    );
  });

  it('has a row of the table for every line that looks like one', () => {
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toHaveLength(rows.length);
  });

  it('describes each code as the page does', () => {
    for (const [, code = '', , when = ''] of rows) {
      expect(isErrorCode(code) && ERRORS[code].description).toBe(when.trim());
    }
  });

  it('uses snake_case codes, client and server error statuses, and sentences', () => {
    for (const [code, { status, title, description }] of entries) {
      expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
      expect(status >= 400 && status <= 503).toBe(true);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(description).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('knows its codes and no inherited name', () => {
    expect(isErrorCode('not_found')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
    expect(statusOf('precondition_failed')).toBe(412);
  });
});
