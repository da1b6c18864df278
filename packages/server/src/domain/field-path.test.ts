import { expect, it } from 'vitest';
import { fieldPath, fieldSubject } from './field-path.ts';

it.each([
  ['/url', 'url'],
  ['/events/0', 'events[0]'],
  ['/rotationPolicy/grace/maxSeconds', 'rotationPolicy.grace.maxSeconds'],
  ['/metadata/a~1b', 'metadata.a/b'],
  ['/events/0/id', 'events[0].id'],
  ['?limit', 'limit'],
  ['#idempotency-key', 'idempotency-key'],
  ['', 'body'],
])('the place %j is called %s', (pointer, path) => {
  expect(fieldPath(pointer)).toBe(path);
});

it('is the subject of a sentence in quotes, unless it is the whole body', () => {
  expect([fieldSubject('/events/0'), fieldSubject('')]).toEqual(['"events[0]"', 'the body']);
});
