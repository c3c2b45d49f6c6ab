import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitTokens } from '#dist/datasets/index.js';

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
