import { expect, test } from 'vitest';
import { Attention, causal, causalMask, MultiHeadAttention, TalkingHeads } from '#dist/attention/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues, prove, type Read } from '../prove.js';
import { affine, dot, part, range, softmax, sum } from './loops.js';

const [B, T, C, H, D] = [2, 3, 4, 2, 2];
const layerOf = (inner: number): MultiHeadAttention =>
  new MultiHeadAttention({
    width: C,
    heads: H,
    bias: false,
    attention: new Attention({ mask: causal, normaliser: new TalkingHeads({ heads: H, inner }) }),
  });

test.each([2, 3])('%s heads between the mixtures: Shazeer 2020’s lines, and their gradients', async (inner) => {
  const module = givenValues(layerOf(inner));
  await prove({
    module,
    inputs: { x: [B, T, C] },
    forward: ({ x }) => module.forward(x as Tensor),
    naive(read) {
      const x = read('x');
      const row = (b: number, t: number, name: string): number[] =>
        affine(
          range(C).map((c) => x(b, t, c)),
          read(`${name}.weight`),
          C,
        );
      const [before, after] = ['scoreMixture', 'weightMixture'].map((n) => read(`attention.parts.normaliser.${n}`)) as [Read, Read];
      return range(B).flatMap((b) =>
        range(T).flatMap((n) => {
          const scores = range(T).map((m) =>
            range(H).map((h) => dot(part(row(b, n, 'query'), h, D), part(row(b, m, 'key'), h, D)) / Math.sqrt(D)),
          );
          const weights = range(inner).map((h) =>
            softmax(
              scores.map((s) => sum(H, (k) => (s[k] as number) * before(k, h))),
              (m) => m <= n,
            ),
          );
          const mixed = range(H).flatMap((v) =>
            range(D).map((d) =>
              sum(T, (m) => sum(inner, (h) => (weights[h]?.[m] as number) * after(h, v)) * (part(row(b, m, 'value'), v, D)[d] as number)),
            ),
          );
          return affine(mixed, read('output.weight'), C);
        }),
      );
    },
  });
});

test('start as plain multi-head attention', () => {
  const talking = layerOf(H);
  const plain = new MultiHeadAttention({ width: C, heads: H, bias: false, attention: new Attention({ mask: causal }) });
  for (const [name, p] of plain.parameters()) p.value = talking.parameters().get(name)?.value as typeof p.value;
  const x = input('x', [B, T, C]);
  const feeds = new Map([[x, numbers('x', [B, T, C])]]);
  expect(relativeDifference(numbersOf(talking.forward(x), feeds), numbersOf(plain.forward(x), feeds))).toBeLessThan(1e-12);
});

test('weights where the mask forbids are zero after the mixture too; sites of both', () => {
  const x = input('x', [B, T, C]);
  const sites = sitesOf([givenValues(layerOf(3)).forward(x)]);
  expect(sites.get('scores')?.shape).toEqual([B, H, T, T]);
  expect(sites.get('attention.parts.normaliser.scores')?.shape).toEqual([B, 3, T, T]);
  expect(sites.get('attention.parts.normaliser.pattern')?.shape).toEqual([B, 3, T, T]);
  const pattern = numbersOf(sites.get('pattern') as Tensor, new Map([[x, numbers('x', [B, T, C])]]));
  pattern.forEach((w, i) => {
    if (i % T > Math.floor(i / T) % T) expect(w).toBe(0);
  });
});

test('what does not fit', () => {
  const x = input('x', [1, 3, C]);
  const perHead = input('m', [1, H, 3, 3], 'bool');
  expect(() => layerOf(2).forward(x, { mask: perHead })).toThrow(
    'talking heads at attention.parts.normaliser: a mask that is the same for every head: heads are mixed; got [1,2,3,3] bool.',
  );
  const other = new MultiHeadAttention({ width: C, heads: 4, attention: new Attention({ normaliser: new TalkingHeads({ heads: 2 }) }) });
  expect(() => other.forward(x, { mask: causalMask(3) })).toThrow(/talking heads at .*: scores of 2 heads; got \[1,4,3,3\] float32/);
});
