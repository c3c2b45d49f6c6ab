import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTokens, splitTokens } from '#dist/datasets/index.js';

const counted = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

test('the two parts are the text, the last tenth for validation', () => {
  const { train, validation } = splitTokens(counted(1000), { context: 64 });
  expect([train.length, validation.length]).toEqual([900, 100]);
  expect(validation[0]).toBe(900);
});

test('either both parts hold a window, or the error says how much text is enough, and it is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0.02, max: 0.98, noNaN: true }),
      (n, context, fraction) => {
        const split = (length: number, window = context) => splitTokens(counted(length), { context: window, fraction });
        try {
          const { train, validation } = split(n);
          expect([...train, ...validation]).toEqual([...counted(n)]);
          expect(Math.min(train.length, validation.length)).toBeGreaterThan(context);
        } catch (error) {
          expect(error).toMatchObject({ name: 'HeadlightError', code: 'value' });
          const message = (error as Error).message;
          const enough = Number(/at least (\d+) tokens/.exec(message)?.[1]);
          expect(enough).toBeGreaterThan(n);
          split(enough);
          expect(() => split(enough - 1)).toThrow();
          const smaller = /at most (\d+) here/.exec(message)?.[1];
          if (smaller !== undefined) {
            split(n, Number(smaller));
            expect(() => split(n, Number(smaller) + 1)).toThrow();
          }
        }
      },
    ),
  );
});

test('the message names what it has, what it needs and what to do', () => {
  expect(() => splitTokens(counted(200), { context: 64 })).toThrow(
    'splitTokens: the training and the validation part each need context + 1 = 65 tokens; got 180 for training and 20 for validation, ' +
      'of 200 in all. Use a smaller --context (at most 19 here) or more text (at least 650 tokens for context 64).',
  );
});

test.each([
  { fraction: 0, context: 4 },
  { fraction: 1, context: 4 },
  { fraction: Number.NaN, context: 4 },
  { fraction: 0.1, context: 0 },
  { fraction: 0.1, context: 2.5 },
])('rejects %o', (options) => {
  expect(() => splitTokens(counted(1000), options)).toThrow(expect.objectContaining({ code: 'value' }));
});

describe('sequences', () => {
  test('are cut at the same place; parts keep where documents begin, and the name', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 20 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (marks, fraction) => {
          const documents = [0, ...marks.sort((a, b) => a - b)];
          const options = { context: 8, fraction };
          const plain = splitTokens(counted(1000), options);
          const { train, validation } = splitTokens(new MemoryTokens(counted(1000), { documents, where: 'a.txt' }), options);
          const cut = plain.train.length;
          expect(train.read(0, train.length)).toEqual(plain.train);
          expect(validation.read(0, validation.length)).toEqual(plain.validation);
          expect(Array.from(train.documents ?? [])).toEqual(documents.filter((d) => d < cut));
          expect(Array.from(validation.documents ?? [])).toEqual([0, ...documents.filter((d) => d > cut).map((d) => d - cut)]);
          expect(() => validation.read(0, validation.length + 1)).toThrow('a.txt: a range within');
        },
      ),
    );
  });

  test('errors name the text', () => {
    expect(() => splitTokens(new MemoryTokens(counted(9), { where: 'a.txt' }), { context: 8 })).toThrow('a.txt: the training and');
  });

  test('that are long keep at most 2^18 tokens for validation, or as many as said', () => {
    const ids = new Int32Array(3_000_000);
    expect(splitTokens(ids, { context: 64 }).validation.length).toBe(2 ** 18);
    expect(splitTokens(ids.subarray(0, 2_621_440), { context: 64 }).validation.length).toBe(2 ** 18);
    expect(splitTokens(ids.subarray(0, 2_621_430), { context: 64 }).validation.length).toBe(262_143);
    expect(splitTokens(ids, { context: 64, mostValidation: 100 }).validation.length).toBe(100);
    expect(() => splitTokens(ids, { context: 64, mostValidation: 64 })).toThrow('at least context + 1 = 65; got 64.');
  });
});
