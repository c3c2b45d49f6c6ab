import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Attention } from '#dist/attention/index.js';
import { input, type RefArray } from '#dist/ops/index.js';
import { refArray } from '../../grad/programs.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues } from '../prove.js';
import { contentCases, formCases } from './cases.js';
import { B, H, range, T, V } from './loops.js';
import { K, names, run, tokens, whole } from './run.js';

const inOrder = (order: readonly number[]): typeof whole =>
  Object.fromEntries(names.map((n): [string, RefArray] => [n, tokens(whole[n], () => order)])) as typeof whole;

describe.each(contentCases)('$name', ({ parts }) => {
  const module = givenValues(new Attention(parts(K)));

  test('without positions, tokens in another order give the same outputs in that order', () => {
    const all = run(module);
    fc.assert(
      fc.property(fc.shuffledSubarray(range(T), { minLength: T, maxLength: T }), (order) => {
        const want = range(B).flatMap((b) => order.flatMap((t) => Array.from(all.slice((b * T + t) * H * V, (b * T + t + 1) * H * V))));
        expect(relativeDifference(run(module, inOrder(order)), want)).toBeLessThan(1e-12);
      }),
      { numRuns: 10 },
    );
  });
});

describe.each(formCases)('$name', ({ parts }) => {
  const module = givenValues(new Attention(parts(K)));

  test.each(range(T - 1).map((n) => n + 1))('keys that nobody may attend to might as well be cut off: the first %s stay', (kept) => {
    const mask = input('mask', [1, T], 'bool');
    const bits = refArray(
      [1, T],
      range(T).map((j) => Number(j < kept)),
    );
    const masked = run(module, whole, { mask }, new Map([[mask, bits]]));
    const first = range(kept);
    const cut = run(module, { ...whole, k: tokens(whole.k, () => first), v: tokens(whole.v, () => first) });
    expect(relativeDifference(masked, cut)).toBeLessThan(1e-12);
  });
});
