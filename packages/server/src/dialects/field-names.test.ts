import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../domain/error-registry.ts';
import { renameFields } from './field-names.ts';

const rename = renameFields({ eventTypes: 'events', url: 'target', secret: 'key', graceSeconds: 'expire_current_in' });

function refusal(pointer: string, detail: string): Problem {
  return {
    code: 'validation_failed',
    detail: `"${pointer}" ${detail}`,
    errors: [{ pointer, detail, code: 'invalid' }],
  };
}

describe('the names of fields', () => {
  it.each([
    ['/eventTypes', 'is required', '/events', 'is required'],
    ['/eventTypes/3', 'is no event type', '/events/3', 'is no event type'],
    ['?eventTypes', 'must be an array', '?events', 'must be an array'],
    ['/url', 'is refused with graceSeconds > 0', '/target', 'is refused with expire_current_in > 0'],
    // A name that is a word counts in quotes, and where the refusal points at it.
    ['/url', 'needs "secret" beside "url"', '/target', 'needs "secret" beside "target"'],
    ['/url', 'must be a url like any url', '/target', 'must be a url like any url'],
    ['/graceSeconds', 'the secret at "url" is retiring', '/expire_current_in', 'the secret at "url" is retiring'],
    // What a value must be is no name.
    [
      '/secret',
      'must be one of "url", "secret", "graceSeconds"',
      '/key',
      'must be one of "url", "secret", "graceSeconds"',
    ],
    ['/secret', 'must be "secret"', '/key', 'must be "secret"'],
    ['/url', 'has u:eventTypes@x in it', '/target', 'has u:eventTypes@x in it'],
    // Only at the top, and only whole names.
    ['/metadata/url', 'must be a string', '/metadata/url', 'must be a string'],
    ['/eventTypesOther', 'is unknown', '/eventTypesOther', 'is unknown'],
    ['/urls', 'a curl, an url_x, a url-like word', '/urls', 'a curl, an url_x, a url-like word'],
    ['/x', 'see https://example.com/url or docs.url', '/x', 'see https://example.com/url or docs.url'],
    ['', 'must be an object', '', 'must be an object'],
  ])('%s %s', (pointer, detail, itsPointer, itsDetail) => {
    expect(rename(refusal(pointer, detail))).toEqual(refusal(itsPointer, itsDetail));
  });

  it('stay as they are when the product has none of its own', () => {
    const problem = refusal('/eventTypes', 'is required');
    expect(renameFields({})(problem)).toBe(problem);
  });

  it('are changed in refusals without fields too, and nothing else of them is', () => {
    const problem: Problem = { code: 'grace_out_of_range', detail: 'graceSeconds is 9', retryAfterSeconds: 3 };
    expect(rename(problem)).toEqual({ ...problem, detail: 'expire_current_in is 9' });
  });

  it.each<[string, Problem]>([
    ['headers', { code: 'request_headers_too_large', detail: 'send fewer or shorter headers' }],
    ['id', { code: 'not_found', detail: 'no organization has the id or externalId in Hookring-Organization' }],
    ['id', { code: 'internal_error', detail: 'something is broken; the request id finds it in the log' }],
    ['type', { code: 'unsupported_media_type', detail: 'the Content-Type header is not a media type' }],
    ['secret', { code: 'secret_is_active', detail: 'The active secret cannot be revoked.' }],
  ])('leave English alone that has a word such as %s', (name, problem) => {
    expect(renameFields({ [name]: 'thing' })(problem)).toEqual(problem);
  });

  it('come back when they are renamed back', () => {
    const back = renameFields({
      allEvents: 'eventTypes',
      target: 'url',
      keepSeconds: 'graceSeconds',
    });
    const there = renameFields({ eventTypes: 'allEvents', url: 'target', graceSeconds: 'keepSeconds' });
    const pointer = fc.constantFrom('/eventTypes', '/url/0', '?url', '/graceSeconds', '/other', '/a/url');
    const detail = fc.constantFrom('is required', 'needs "url"', 'eventTypes and graceSeconds', 'url/eventTypes');
    fc.assert(
      fc.property(pointer, detail, (at, text) => {
        expect(back(there(refusal(at, text)))).toEqual(refusal(at, text));
      }),
    );
  });
});
