import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../domain/error-registry.ts';
import { encodeProblem, ProblemSchema } from './problem.ts';

const validator = Compile(ProblemSchema);
const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('problems', () => {
  it.each(CODES)('%s has the status and the shape that it promises', (code) => {
    const { status, body, contentType } = encodeProblem({ code, detail: 'because' }, { requestId: '01REQUEST' });
    const document: unknown = JSON.parse(body);
    expect(validator.Errors(document)).toEqual([]);
    expect([status, contentType]).toEqual([ERRORS[code].status, 'application/problem+json']);
    expect(document).toMatchObject({
      type: `urn:hookring:error:${code}`,
      status,
      code,
      detail: 'because',
      requestId: '01REQUEST',
      errors: [],
    });
  });

  it('carry what else is said, which cannot take the place of what is always there', () => {
    const extra = { plan: 'free', status: 200, code: 'fine' };
    const { body } = encodeProblem({ code: 'conflict', detail: '', extra }, { requestId: 'r' });
    expect(JSON.parse(body)).toMatchObject({ plan: 'free', status: 409, code: 'conflict' });
  });
});
