import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../domain/error-registry.ts';
import { renameFields } from './field-names.ts';

const rename = renameFields({ eventTypes: 'events', url: 'target', target: 'url', graceSeconds: 'expire_current_in' });

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
    // Names may trade places.
    ['/target', 'must differ from url', '/url', 'must differ from target'],
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

  it('come back when they are renamed back', () => {
    const back = renameFields({
      events: 'eventTypes',
      target: 'url',
      url: 'target',
      expire_current_in: 'graceSeconds',
    });
    const pointer = fc.constantFrom('/eventTypes', '/url/0', '?target', '/graceSeconds', '/other', '/a/url');
    const detail = fc.constantFrom('is required', 'needs url', 'eventTypes and graceSeconds', 'target/url');
    fc.assert(
      fc.property(pointer, detail, (at, text) => {
        expect(back(rename(refusal(at, text)))).toEqual(refusal(at, text));
      }),
    );
  });
});
