import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../domain/error-registry.ts';
import { problemEncoder, problemExample } from './problem-words.ts';
import { acmeDialect } from './testing/acme.ts';

const acme = acmeDialect({
  problems: {
    ...acmeDialect().problems,
    statuses: { endpoint_limit_reached: 402 },
    encode: ({ code, detail, status, title, errors = [] }, { requestId, path }) => ({
      code,
      detail,
      status,
      title,
      at: errors.map(({ pointer }) => pointer),
      requestId,
      path,
    }),
  },
});
const encode = problemEncoder(acme);
const request = { requestId: 'r1', path: '/acme/hooks' };

describe('a refusal in the words of a dialect', () => {
  it('has its content type, its names of fields, and the request that it answers', () => {
    const errors = [{ pointer: '/eventTypes/0', detail: 'is no event type', code: 'invalid' }];
    const refusal = encode({ code: 'validation_failed', detail: '"/eventTypes/0" is no event type', errors }, request);
    expect([refusal.status, refusal.contentType]).toEqual([422, 'application/json']);
    expect(JSON.parse(refusal.body)).toEqual({
      code: 'validation_failed',
      detail: '"/topics/0" is no event type',
      status: 422,
      title: ERRORS.validation_failed.title,
      at: ['/topics/0'],
      ...request,
    });
  });

  it('is sent with the status of the dialect where it has one, and says the same one', () => {
    const refusal = encode({ code: 'endpoint_limit_reached', detail: 'full' }, request);
    expect([refusal.status, JSON.parse(refusal.body).status]).toEqual([402, 402]);
  });

  it.each(Object.keys(ERRORS) as ErrorCode[])('exists for %s', (code) => {
    const { status, body } = encode({ code, detail: 'because' }, request);
    expect(JSON.parse(body)).toMatchObject({ code, detail: 'because', status });
  });
});

describe('the example of a status', () => {
  it('is a refusal that is sent with it', () => {
    expect(problemExample(acme, 402)).toMatchObject({ code: 'endpoint_limit_reached', status: 402 });
    expect(problemExample(acme, 404)).toMatchObject({ code: 'not_found', status: 404 });
    expect(problemExample(acme, 418)).toBeNull();
  });
});
