import { expect, it } from 'vitest';
import { fieldPath, fieldSentence, pointerNames } from './field-path.ts';

it.each([
  ['/url', 'url'],
  ['/events/0', 'events[0]'],
  ['/rotationPolicy/grace/maxSeconds', 'rotationPolicy.grace.maxSeconds'],
  ['/metadata/a~1b', 'metadata.a/b'],
  ['/events/0/id', 'events[0].id'],
  ['?limit', 'limit'],
  ['#idempotency-key', 'idempotency-key'],
  ['', 'body'],
  // The member whose name is empty, as RFC 6901 has it.
  ['/', ''],
])('the place %j is called %s', (pointer, path) => {
  expect(fieldPath(pointer)).toBe(path);
});

it('is the subject of the sentence that says what is wrong', () => {
  expect(fieldSentence('/events/0', 'must be text')).toBe('"events[0]" must be text');
  expect(fieldSentence('/url', 'The host is private.')).toBe('"url": The host is private.');
  expect(fieldSentence('', 'must be an object')).toBe('the body must be an object');
  expect(fieldSentence('/', 'is not known')).toBe('"" is not known');
});

it.each([
  ['', []],
  ['/', ['']],
  ['/events/0/id', ['events', '0', 'id']],
  ['/metadata/a~1b~0c~01', ['metadata', 'a/b~c~1']],
  ['?a/b', ['a/b']],
  ['#idempotency-key', ['idempotency-key']],
])('the names on the way to %j are %j', (pointer, names) => {
  expect(pointerNames(pointer)).toEqual(names);
});
