import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AUDIT_ACTIONS } from './audit-action.ts';

const page = readFileSync(new URL('../../../../docs/audit.md', import.meta.url), 'utf8');

describe('the actions of the audit log', () => {
  it('are those that the page of the audit log lists, in the same order', () => {
    const listed = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)].map(([, action]) => action);
    expect(listed).toEqual([...AUDIT_ACTIONS]);
  });

  it('each name a kind of thing and what became of it', () => {
    for (const action of AUDIT_ACTIONS) expect(action).toMatch(/^[a-z_]+\.[a-z_]+$/);
    expect(new Set(AUDIT_ACTIONS).size).toBe(AUDIT_ACTIONS.length);
  });
});
