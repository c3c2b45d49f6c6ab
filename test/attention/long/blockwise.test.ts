import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttentionInputs,
  BlockwiseAttention,
  type BlockwiseOptions,
  causal,
  type Normaliser,
  scaledDotProductScore,
  softCapped,
} from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { Module, normal } from '#dist/nn/index.js';
import { input, Parameter, parameterTensor, relu, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { prove } from '../prove.js';
import { dot, range, softmax, sum } from '../structures/loops.js';
import { bools, expectSame, floats, sizes } from './compare.js';

/** Weights relu(s)²: rows need not sum to 1, as no online softmax could have them. */
const squaredRelu: Normaliser = (scores, { mask }) => {
  const kept = relu(scores);
  const squares = kept.mul(kept);
  return mask === undefined ? squares : squares.mul(mask.cast('float32'));
};

/** A bias with a parameter: −|slope| · distance. */
class Slope extends Module {
  readonly slope = new Parameter([2, 1, 1], normal(0.5));
  forward({ query, key }: { query: Tensor; key: Tensor }): Tensor {
    return query
      .sub(key)
      .cast('float32')
      .abs()
      .mul(parameterTensor(this.slope).reshape([2, 1, 1]));
  }
}

describe('values and gradients are those of plain loops', () => {
  const [B, T, H, K, D, W] = [2, 5, 2, 1, 3, 2];
  const bits = bools([B, 1, T, T], (i) => i % 3 !== 0);
  test.each([
    ['all', false],
    ['causal', true],
  ] as const)('%s, in blocks of 2 with a rest, a mask with an empty row and a bias', async (_, isCausal) => {
    const module = new BlockwiseAttention({ causal: isCausal, block: 2 });
    const may = (b: number, t: number, s: number): boolean => bits.data[(b * T + t) * T + s] === 1 && (!isCausal || s <= t);
    expect(range(T).some((t) => range(T).every((s) => !may(0, t, s)))).toBe(isCausal);
    await prove({
      module,
      inputs: { query: [B, H, T, D], key: [B, K, T, D], value: [B, K, T, W], bias: [1, H, T, T] },
      given: { mask: bits },
      forward: ({ query, key, value, ...inputs }) =>
        module.attend(query as Tensor, key as Tensor, value as Tensor, inputs as AttentionInputs),
      naive(read) {
        const [query, key, value, bias] = ['query', 'key', 'value', 'bias'].map(read) as [
          ReturnType<typeof read>,
          ...ReturnType<typeof read>[],
        ];
        return range(B).flatMap((b) =>
          range(T).flatMap((t) =>
            range(H).flatMap((h) => {
              const row = (of: typeof query, ...at: number[]): number[] => range(D).map((d) => of(...at, d));
              const scores = range(T).map(
                (s) => dot(row(query, b, h, t), row(key as typeof query, b, 0, s)) / Math.sqrt(D) + (bias as typeof query)(0, h, t, s),
              );
              const weights = softmax(scores, (s) => may(b, t, s));
              return range(W).map((d) => sum(T, (s) => (weights[s] as number) * (value as typeof query)(b, 0, s, d)));
            }),
          ),
        );
      },
    });
  });
});

describe('equals dense attention of the same parts', () => {
  test.each<[string, BlockwiseOptions]>([
    ['softmax', {}],
    ['another normaliser', { normaliser: squaredRelu }],
    ['capped scores', { score: softCapped(scaledDotProductScore(), 2) }],
    ['a bias with a parameter', { bias: new Slope() }],
    ['a mask of its own', { mask: ({ query, key }) => query.sub(key).less(3) }],
  ])('%s, any lengths, blocks and masks', async (_, parts) => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          T: fc.integer({ min: 1, max: 40 }),
          S: fc.integer({ min: 1, max: 40 }),
          block: fc.integer({ min: 1, max: 45 }),
          causal: fc.boolean(),
        }),
        fc.constantFrom('none', 'keys', 'pairs'),
        fc.constantFrom('none', 'heads', 'pairs'),
        async ({ T, S, block, causal }, masked, biased) => {
          const form = new BlockwiseAttention({ ...parts, causal, block });
          const mask = masked === 'none' ? {} : { mask: bools(masked === 'keys' ? [2, 1, 1, S] : [1, 1, T, S], (i) => (i * 7) % 5 !== 1) };
          const bias = biased === 'none' ? {} : { bias: floats('bias', biased === 'heads' ? [2, 1, S] : [T, S]) };
          await expectSame(form, form.materialised(), { sizes: sizes(T, { S }), ...mask, ...bias }, `T ${T}, S ${S}, block ${block}`);
        },
      ),
      { numRuns: 6 },
    );
  });

  test('places of one’s own: nothing is left out by index', async () => {
    const T = 9;
    const form = new BlockwiseAttention({ causal: true, block: 2 });
    const order = new HostArray(
      Int32Array.from({ length: T }, (_, i) => (i * 4) % T),
      [T],
      'int32',
    );
    const inputs = ({ order: places }: Readonly<Record<string, Tensor>>): AttentionInputs => ({
      places: { query: (places as Tensor).reshape([T, 1]), key: (places as Tensor).reshape([1, T]) },
    });
    await expectSame(form, form.materialised(), { sizes: sizes(T), given: { order }, inputs });
  });

  test('a memory of earlier tokens: the dense form', async () => {
    const form = new BlockwiseAttention({ causal: true });
    const [T, P] = [2, 4];
    const given = { keys: floats('pk', [2, 1, P, 3]), values: floats('pv', [2, 1, P, 2]), filled: bools([2, P], (i) => i % 4 < 3) };
    const inputs = (past: Readonly<Record<string, Tensor>>): AttentionInputs => ({
      past: past as unknown as NonNullable<AttentionInputs['past']>,
    });
    await expectSame(form, form.materialised(), { sizes: sizes(T), given, inputs });
  });
});

test('later keys cannot be seen: they may hold anything', async () => {
  const form = new BlockwiseAttention({ causal: true, block: 4 });
  const run = compile((q: Tensor, k: Tensor, v: Tensor) => form.attend(q, k, v).slice([null, [0, 6]]));
  const [q, k, v] = [floats('q', [1, 2, 12, 3]), floats('k', [1, 2, 12, 3]), floats('v', [1, 2, 12, 3])];
  const other = (x: HostArray): HostArray => {
    const data = Float32Array.from(x.data as Float32Array, (value, i) => (Math.floor(i / 3) % 12 < 6 ? value : 1e4 + i));
    return new HostArray(data, x.shape, 'float32');
  };
  expect((await run(q, other(k), other(v))).data).toEqual((await run(q, k, v)).data);
  await run.dispose();
});

test('sites: no pattern, but for the materialised form', () => {
  const form = new BlockwiseAttention({ causal: true, block: 2 });
  const x = input('x', [1, 1, 4, 2], 'float32');
  expect([...sitesOf([form.attend(x, x, x)]).keys()]).toEqual(['query', 'key', 'value', 'mixed']);
  expect([...sitesOf([form.materialised().attend(x, x, x)]).keys()]).toContain('pattern');
});

test.each<[string, () => unknown, RegExp]>([
  ['a block of nothing', () => new BlockwiseAttention({ block: 0 }), /whole number of queries from 1; got 0/],
  ['a block and a half', () => new BlockwiseAttention({ block: 1.5 }), /whole number of queries from 1; got 1.5/],
  ['dropout', () => new BlockwiseAttention({ dropout: 0.1 } as BlockwiseOptions), /pattern that is never formed; got dropout 0.1/],
  [
    'a mask of another length',
    () => attendWith({ mask: input('m', [3, 4], 'bool') }),
    /mask that broadcasts to \[B,H,T,S\], \[1,1,4,4\]; got \[3,4\]/,
  ],
  ['a bias of another length', () => attendWith({ bias: input('b', [5], 'float32') }), /bias that broadcasts to \[B,H,4,4\]; got \[5\]/],
  ['a mask of numbers', () => attendWith({ mask: input('m', [4, 4], 'float32') }), /boolean mask/],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

function attendWith(inputs: AttentionInputs): Tensor {
  const x = input('x', [1, 1, 4, 2], 'float32');
  return new BlockwiseAttention({ mask: causal }).attend(x, x, x, inputs);
}
