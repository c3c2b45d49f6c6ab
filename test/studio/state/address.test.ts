import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAddress, writeAddress } from '../../../studio/src/state/address.js';
import { type Place, START } from '../../../studio/src/state/place.js';

const small = fc.integer({ min: 0, max: 999 });
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const places: fc.Arbitrary<Place> = fc
  .record({
    view: fc.constantFrom('read', 'heads', 'compare', 'train'),
    model: text,
    step: fc.option(small, { nil: undefined }),
    text,
    source: text,
    layer: small,
    head: small,
    value: fc.constantFrom('pattern', 'scores'),
    form: fc.constantFrom('matrix', 'arcs', 'text', 'image'),
    query: fc.option(small, { nil: undefined }),
    key: fc.option(small, { nil: undefined }),
    along: fc.constantFrom('row', 'column'),
    pane: fc.constantFrom('next', 'why', 'change'),
    asTable: fc.boolean(),
    why: fc.array(fc.record({ at: fc.string({ minLength: 1 }), index: fc.array(small, { maxLength: 4 }) }), { maxLength: 4 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((x) => x + 0),
    topK: small,
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    nextAfterQuery: fc.boolean(),
    changes: fc.array(
      fc.record({
        id: fc.string(),
        name: text,
        isOn: fc.boolean(),
        intervention: fc.record({
          kind: fc.constant('value' as const),
          at: fc.string(),
          value: fc
            .array(fc.float({ noNaN: true }), { maxLength: 6 })
            .map((data) => ({ shape: [data.length], data: Float32Array.from(data) })),
        }),
      }),
      { maxLength: 2 },
    ),
    otherText: text,
    otherModel: text,
    otherStep: fc.option(small, { nil: undefined }),
    side: fc.constantFrom('a', 'b', 'difference'),
  })
  .map(({ step, query, key, otherStep, ...rest }) => ({
    ...rest,
    ...(step === undefined ? {} : { step }),
    ...(query === undefined ? {} : { query }),
    ...(key === undefined ? {} : { key }),
    ...(otherStep === undefined ? {} : { otherStep }),
  })) as fc.Arbitrary<Place>;

test('an address restores its place, whatever it is', () => {
  fc.assert(
    fc.property(places, (place) => {
      const address = `#${writeAddress(place)}`;
      expect(readAddress(new URL(address, 'http://127.0.0.1/').hash)).toEqual(place);
    }),
  );
});

test('what is as at the start is left out', () => {
  expect(writeAddress(START)).toBe('');
  expect(writeAddress({ ...START, text: 'To be', head: 3 })).toBe('text=To%20be&head=3');
});

test('an address is anyone’s text: what cannot be read is as at the start, and nothing throws', () => {
  const hostile = '#view=admin&layer=-1&head=1e9&why={"at":1}&changes=[{"id":"x"}]&topP=7&temperature=NaN&__proto__=x&query=2.5';
  expect(readAddress(hostile)).toEqual(START);
  fc.assert(fc.property(fc.string(), (any) => void readAddress(any)));
});
