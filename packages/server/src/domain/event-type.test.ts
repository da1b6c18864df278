import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSubscription, isEventType, isSubscription, OPERATIONAL_TYPES, patternMatches } from './event-type.ts';
import { createTypeIndex, type Subscription } from './type-index.ts';

describe('the name of an event type', () => {
  it('is dot-delimited identifiers', () => {
    for (const type of ['a', 'invoice.paid', 'a.b.c.d', 'user_account.password-changed', '0.1', 'x'.repeat(128)]) {
      expect([type, isEventType(type)]).toEqual([type, true]);
    }
    for (const type of ['', '.', 'a.', '.a', 'a..b', 'a b', 'a.*', '*', 'é', 'a\n', 'a/b', 'x'.repeat(129)]) {
      expect([type, isEventType(type)]).toEqual([type, false]);
    }
  });
});

describe('a subscription', () => {
  it('names a type, everything below a prefix, or all', () => {
    for (const pattern of ['a', 'a.b', '*', 'a.*', 'a.b.*'])
      expect([pattern, isSubscription(pattern)]).toEqual([pattern, true]);
    for (const pattern of ['', '**', '.*', '*.a', 'a*', 'a.*.b', 'a.**', '*.*', ' *']) {
      expect([pattern, isSubscription(pattern)]).toEqual([pattern, false]);
    }
  });

  it('matches below a prefix and neither the prefix itself nor its neighbours', () => {
    const matches = compileSubscription(['prefix.*'], null);
    expect(['prefix.a', 'prefix.a.b'].map(matches)).toEqual([true, true]);
    expect(['prefix', 'prefixx.a', 'xprefix.a', 'Prefix.a'].map(matches)).toEqual([false, false, false, false]);
  });

  it('without event types matches all, with an empty list none', () => {
    expect(compileSubscription(null, null)('any.thing')).toBe(true);
    expect(compileSubscription([], null)('any.thing')).toBe(false);
  });

  it('matches operational types only where it names them exactly', () => {
    for (const type of OPERATIONAL_TYPES) {
      expect(compileSubscription(null, null)(type)).toBe(false);
      expect(compileSubscription(['*', 'endpoint.*', 'endpoint.secret.*'], null)(type)).toBe(false);
      expect(compileSubscription(['*', type], null)(type)).toBe(true);
    }
    expect(compileSubscription(['endpoint.*'], null)('endpoint.secret.other')).toBe(true);
  });

  it('never matches a type outside its catalogue', () => {
    const matches = compileSubscription(['*', 'a.b', 'c.*'], ['a.b', 'c.d']);
    expect(['a.b', 'c.d', 'c.e', 'x'].map(matches)).toEqual([true, true, false, false]);
  });
});

const word = fc.constantFrom('a', 'b', 'ab');
const anyType = fc.oneof(
  { weight: 8, arbitrary: fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('.')) },
  { weight: 1, arbitrary: fc.constantFrom(...OPERATIONAL_TYPES) },
);
const anyPattern = fc.oneof(
  { weight: 4, arbitrary: anyType },
  { weight: 4, arbitrary: anyType.map((type) => `${type}.*`) },
  { weight: 1, arbitrary: fc.constantFrom('*', 'endpoint.*', 'endpoint.secret.*') },
);
const anySubscription = fc.record({
  eventTypes: fc.option(fc.array(anyPattern, { maxLength: 5 })),
  catalogue: fc.option(fc.array(anyType, { maxLength: 6 }), { freq: 3 }),
});

describe('the index of many subscriptions', () => {
  it('finds exactly those that match one by one, each once', () => {
    fc.assert(
      fc.property(fc.array(anySubscription, { maxLength: 20 }), fc.array(anyType, { maxLength: 8 }), (list, types) => {
        const subscriptions: Subscription<number>[] = list.map((subscription, id) => ({ id, ...subscription }));
        const index = createTypeIndex(subscriptions);
        for (const type of [...types, ...types]) {
          const naive = subscriptions
            .filter(({ eventTypes, catalogue }) => compileSubscription(eventTypes, catalogue)(type))
            .map(({ id }) => id);
          expect([...index.match(type)].sort((a, b) => a - b)).toEqual(naive);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with each pattern on its own', () => {
    fc.assert(
      fc.property(anyPattern, anyType, (pattern, type) => {
        expect(compileSubscription([pattern], null)(type)).toBe(patternMatches(pattern, type));
      }),
    );
  });

  it('goes on answering right when it is asked for more types than it remembers', () => {
    const index = createTypeIndex([{ id: 'x', eventTypes: ['t.*'], catalogue: null }]);
    for (let n = 0; n < 3_000; n += 1) expect(index.match(`t.${n}`)).toEqual(['x']);
    expect(index.match('u')).toEqual([]);
  });

  it('shares the answer for a type it has been asked for', () => {
    const index = createTypeIndex([{ id: 'x', eventTypes: null, catalogue: null }]);
    expect(index.match('t')).toBe(index.match('t'));
  });
});
