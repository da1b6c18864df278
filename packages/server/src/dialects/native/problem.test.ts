import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../domain/error-registry.ts';
import { problemEncoder } from '../problem-words.ts';
import { ProblemSchema, problems } from './problem.ts';

const encode = problemEncoder({ problems, fieldNames: {} });
const validator = Compile(ProblemSchema);
const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('problems', () => {
  it.each(CODES)('%s has the status and the shape that it promises', (code) => {
    const { status, body, contentType } = encode({ code, detail: 'because' }, { requestId: '01REQUEST', path: '/' });
    const document: unknown = JSON.parse(body);
    expect(validator.Errors(document)).toEqual([]);
    expect([status, contentType]).toEqual([ERRORS[code].status, 'application/problem+json']);
    expect(document).toMatchObject({
      type: `urn:hookring:error:${code}`,
      title: ERRORS[code].title,
      status,
      code,
      detail: 'because',
      requestId: '01REQUEST',
      errors: [],
    });
  });

  it('carry what else is said, which cannot take the place of what is always there', () => {
    const extra = { plan: 'free', status: 200, code: 'fine' };
    const { body } = encode({ code: 'conflict', detail: '', extra }, { requestId: 'r', path: '/' });
    expect(JSON.parse(body)).toMatchObject({ plan: 'free', status: 409, code: 'conflict' });
  });
});
