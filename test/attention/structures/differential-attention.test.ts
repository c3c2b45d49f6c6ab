import { describe, expect, test } from 'vitest';
import { causal, DifferentialAttention, MultiHeadAttention, type MultiHeadAttentionInputs } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues, prove } from '../prove.js';
import { affine, dot, part, range, rmsNorm, softmax, sum } from './loops.js';

const [B, T, C, H, D] = [2, 3, 4, 2, 2]; // D: of a half
const layer = 3;
const layerOf = (kvHeads: number, options = {}): MultiHeadAttention =>
  givenValues(
    new MultiHeadAttention({
      width: C,
      heads: H,
      kvHeads,
      headWidth: 2 * D,
      valueWidth: 3,
      bias: false,
      attention: new DifferentialAttention({ headWidth: 2 * D, valueWidth: 3, layer, ...options }),
    }),
  );

/** Bit h, t, s of a mask by head that leaves every query itself. */
const open = (h: number, t: number, s: number): boolean => t === s || (h + t + s) % 2 === 0;
const perHead = new HostArray(
  Uint8Array.from(range(H).flatMap((h) => range(T).flatMap((t) => range(T).map((s) => Number(open(h, t, s)))))),
  [1, H, T, T],
  'bool',
);

describe.each([1, 2])('%s key heads', (K) => {
  test.each(['all', 'causal', 'mask and bias by head'])('%s: Ye 2024’s equations, and their gradients', async (kind) => {
    const module = layerOf(K, kind === 'causal' ? { mask: causal } : {});
    const byHead = kind === 'mask and bias by head';
    const allowed = (h: number, t: number, s: number): boolean => (kind === 'causal' ? s <= t : byHead ? open(h, t, s) : true);
    await prove({
      module,
      inputs: { x: [B, T, C], ...(byHead && { bias: [1, H, T, T] }) },
      given: byHead ? { mask: perHead } : {},
      forward: ({ x, ...inputs }) => module.forward(x as Tensor, inputs as MultiHeadAttentionInputs),
      naive(read) {
        const x = read('x');
        const row = (b: number, t: number, name: string, to: number): number[] =>
          affine(
            range(C).map((c) => x(b, t, c)),
            read(`${name}.weight`),
            to,
          );
        const lambdas = ['Query1', 'Key1', 'Query2', 'Key2'].map((n) => range(D).map((d) => read(`attention.lambda${n}`)(d)));
        const [q1, k1, q2, k2] = lambdas as [number[], number[], number[], number[]];
        const start = 0.8 - 0.6 * Math.exp(-0.3 * (layer - 1));
        const lambda = Math.exp(dot(q1, k1)) - Math.exp(dot(q2, k2)) + start;
        return range(B).flatMap((b) =>
          range(T).flatMap((t) => {
            const heads = range(H).flatMap((h) => {
              const g = Math.floor((h * K) / H);
              const query = part(row(b, t, 'query', H * 2 * D), h, 2 * D);
              const map = (half: number): number[] =>
                softmax(
                  range(T).map((s) => {
                    const key = part(row(b, s, 'key', K * 2 * D), g, 2 * D);
                    return dot(part(query, half, D), part(key, half, D)) / Math.sqrt(D) + (byHead ? read('bias')(0, h, t, s) : 0);
                  }),
                  (s) => allowed(h, t, s),
                );
              const [first, second] = [map(0), map(1)];
              const mixed = range(3).map((d) =>
                sum(
                  T,
                  (s) => ((first[s] as number) - lambda * (second[s] as number)) * (part(row(b, s, 'value', K * 3), g, 3)[d] as number),
                ),
              );
              return rmsNorm(mixed, read('attention.norm.weight'), 1e-5).map((v) => (1 - start) * v);
            });
            return affine(heads, read('output.weight'), C);
          }),
        );
      },
    });
  });

  test('cached equals uncached', () => {
    const module = layerOf(K, { mask: causal });
    const x = input('x', [B, T, C]);
    const feeds: Feeds = new Map([[x, numbers('x', [B, T, C])]]);
    const sites = sitesOf([module.forward(x)]);
    const [early, late] = x.split([2, 1], 1) as [Tensor, Tensor];
    const earlySites = sitesOf([module.forward(early)]);
    const filled = input('filled', [B, 2], 'bool');
    const past = { keys: earlySites.get('key') as Tensor, values: earlySites.get('value') as Tensor, filled };
    const y = module.forward(late, { past });
    const all: Feeds = new Map([...feeds, [filled, { shape: [B, 2], data: new Float64Array(2 * B).fill(1) }]]);
    const want = (sites.get('output') as Tensor).split([2, 1], 1)[1] as Tensor;
    expect(relativeDifference(numbersOf(y, all), numbersOf(want, feeds))).toBeLessThan(1e-12);
  });
});

test('sites: two maps a head, their difference, λ, and what was normalised', () => {
  const shapes = Object.fromEntries([...sitesOf([layerOf(1).forward(input('x', [B, T, C]))])].map(([name, t]) => [name, t.shape]));
  expect(shapes).toEqual({
    query: [B, H, T, 2 * D],
    key: [B, 1, T, 2 * D],
    value: [B, 1, T, 3],
    scores: [B, 2 * H, T, T],
    pattern: [B, H, T, T],
    mixed: [B, T, H, 3],
    normed: [B, T, H, 3],
    lambda: [1],
    output: [B, T, C],
  });
});

test('λ starts at 0.2 in the first layer and nears 0.8', () => {
  const start = (n: number): number => new DifferentialAttention({ headWidth: 4, layer: n }).lambdaStart;
  expect(start(1)).toBeCloseTo(0.2, 12);
  expect(start(100)).toBeCloseTo(0.8, 10);
});

test('what does not fit', () => {
  expect(() => new DifferentialAttention({ headWidth: 3, layer: 1 })).toThrow(
    'differential attention: an even head width, two halves; got 3.',
  );
  expect(() => new DifferentialAttention({ headWidth: 4, layer: 0 })).toThrow(
    'differential attention: the number of the layer, from 1; got 0.',
  );
  const other = new MultiHeadAttention({ width: 4, heads: 2, attention: new DifferentialAttention({ headWidth: 4, layer: 1 }) });
  expect(() => other.forward(input('x', [1, 2, 4]))).toThrow(
    /differential attention.*: a query of width 4, two halves; got \[1,2,2,2\] float32/,
  );
});
