import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Attention,
  type AttentionForm,
  type AttentionInputs,
  type AttentionParts,
  FixedAttention,
  LocalAttention,
  type LocalOptions,
  type Mask,
  placesOf,
  StridedAttention,
  scaledDotProductScore,
  softCapped,
} from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { topological } from '#dist/ops/graph.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { prove } from '../prove.js';
import { dot, range, softmax, sum } from '../structures/loops.js';
import { bools, expectSame, sizes } from './compare.js';

type Rule = (i: number, j: number) => boolean;
type SparseForm = AttentionForm & { materialised(): Attention; readonly pairs: Mask };

/** The papers' sets of pairs, over plain numbers. */
const near =
  ({ window, dilation = 1, causal = false, global = [] }: LocalOptions): Rule =>
  (i, j) =>
    (!causal || j <= i) && ((Math.abs(i - j) < window * dilation && (i - j) % dilation === 0) || global.includes(i) || global.includes(j));
const strided =
  (l: number): Rule =>
  (i, j) =>
    j <= i && (i - j <= l || (i - j) % l === 0);
const fixed =
  (l: number, c: number): Rule =>
  (i, j) =>
    j <= i && (Math.floor(j / l) === Math.floor(i / l) || j % l >= l - c);

const forms: readonly (readonly [string, (parts?: AttentionParts) => SparseForm, Rule])[] = [
  ...[
    { window: 3 },
    { window: 1 },
    { window: 4, causal: true },
    { window: 2, dilation: 3 },
    { window: 2, dilation: 2, causal: true },
    { window: 2, global: [0] },
    { window: 2, global: [3, 0, 6], causal: true },
    { window: 2, dilation: 2, global: [4] },
  ].map((o) => [`local ${JSON.stringify(o)}`, (parts = {}) => new LocalAttention({ ...o, ...parts }), near(o)] as const),
  ...[1, 3, 4].map((l) => [`strided ${l}`, (parts = {}) => new StridedAttention({ stride: l, ...parts }), strided(l)] as const),
  ...[
    [1, 1],
    [3, 1],
    [4, 2],
    [3, 3],
  ].map(
    ([l = 1, c = 1]) =>
      [`fixed ${l}, ${c}`, (parts = {}) => new FixedAttention({ stride: l, summaries: c, ...parts }), fixed(l, c)] as const,
  ),
];

describe.each(forms)('%s', (_, make, rule) => {
  test('pairs are the paper’s, and values and gradients those of plain loops', async () => {
    const form = make();
    const [B, T, H, K, D, W] = [1, 7, 2, 1, 2, 2];
    const run = compile(() => form.pairs(placesOf(T, T)).cast('int32'));
    const pairs = await run();
    expect([...pairs.data].map(Boolean)).toEqual(range(T * T).map((at) => rule(Math.floor(at / T), at % T)));
    await run.dispose();
    await prove({
      module: form as SparseForm & LocalAttention,
      inputs: { query: [B, H, T, D], key: [B, K, T, D], value: [B, K, T, W] },
      forward: ({ query, key, value }) => form.attend(query as Tensor, key as Tensor, value as Tensor),
      naive(read) {
        const [query, key, value] = [read('query'), read('key'), read('value')];
        return range(T).flatMap((i) =>
          range(H).flatMap((h) => {
            const scores = range(T).map(
              (j) =>
                dot(
                  range(D).map((d) => query(0, h, i, d)),
                  range(D).map((d) => key(0, 0, j, d)),
                ) / Math.sqrt(D),
            );
            const weights = softmax(scores, (j) => rule(i, j));
            return range(W).map((d) => sum(T, (j) => (weights[j] as number) * value(0, 0, j, d)));
          }),
        );
      },
    });
  });

  test('equals the dense form with the mask: any length, masked keys, other parts', async () => {
    const parts: AttentionParts = {
      score: softCapped(scaledDotProductScore(), 3),
      bias: ({ query, key }) => query.sub(key).cast('float32').mul(-0.1),
      mask: ({ query, key }) => key.mul(2).add(query).equal(5).logicalNot(),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 7, max: 30 }),
        fc.boolean(),
        fc.constantFrom('none', 'keys', 'by head'),
        async (T, plain, masked) => {
          const form = make(plain ? {} : parts);
          const mask = masked === 'none' ? {} : { mask: bools([2, masked === 'keys' ? 1 : 2, 1, T], (i) => (i * 5) % 7 !== 3) };
          await expectSame(form, form.materialised(), { sizes: sizes(T), ...mask }, `T ${T}, plain ${plain}, ${masked}`);
        },
      ),
      { numRuns: 4 },
    );
  });
});

test.each<[string, SparseForm, (T: number) => number]>([
  ['a window', new LocalAttention({ window: 16 }), (T) => T * 3 * 16],
  ['a causal one', new LocalAttention({ window: 16, causal: true }), (T) => T * 2 * 16],
  ['a dilated one with global tokens', new LocalAttention({ window: 16, dilation: 2, global: [0, 9] }), (T) => T * (3 * 16 + 2)],
  ['strided', new StridedAttention({ stride: 64 }), (T) => T * (2 * 64 + T / 64)],
  ['fixed', new FixedAttention({ stride: 64, summaries: 2 }), (T) => T * (64 + (2 * T) / 64)],
])('%s: no value is larger than what is seen, and the materialised form has T²', (_, form, most) => {
  const T = 4096;
  const largest = (of: AttentionForm): number => {
    const x = input('x', [1, 1, T, 2], 'float32');
    const all = topological(gradients(of.attend(x, x, x).sum(), [x]));
    return Math.max(...all.flatMap((n) => n.outputs.map((t) => (t.shape as number[]).reduce((a, b) => a * b, 1))));
  };
  expect(largest(form)).toBe(most(T));
  expect(largest(form.materialised())).toBe(T * T);
});

test('many blocks are computed a group at a time: the same', async () => {
  const T = 2048;
  const form = new LocalAttention({ window: 700, bias: ({ query, key }) => query.sub(key).cast('float32').mul(-0.01) });
  const mask = bools([1, 1, 1, T], (i) => i % 9 !== 4);
  const many = sizes(T, { B: 1, H: 8, K: 4, D: 4 });
  // Three blocks of 700 with their neighbours, 8 heads: 47 MB of scores each, so that they are three groups.
  expect(4 * 8 * 700 * 2100 * 2).toBeGreaterThan(64 * 2 ** 20);
  await expectSame(form, form.materialised(), { sizes: many, mask });
});

test('sites: no pattern, but for the materialised form', () => {
  const x = input('x', [1, 1, 4, 2], 'float32');
  const form = new LocalAttention({ window: 2 });
  expect([...sitesOf([form.attend(x, x, x)]).keys()]).toEqual(['query', 'key', 'value', 'mixed']);
  expect([...sitesOf([form.materialised().attend(x, x, x)]).keys()]).toContain('pattern');
});

test.each<[string, () => unknown, RegExp]>([
  ['a window of nothing', () => new LocalAttention({ window: 0 }), /local attention.*window.*; got 0/],
  ['a window and a half', () => new LocalAttention({ window: 1.5 }), /window.*; got 1.5/],
  ['a dilation of nothing', () => new LocalAttention({ window: 2, dilation: 0 }), /dilation.*; got 0/],
  ['a global position before the text', () => new LocalAttention({ window: 2, global: [-1] }), /global position.*; got -1/],
  ['a global position twice', () => new LocalAttention({ window: 2, global: [1, 1] }), /each global position once; got 1, 1/],
  ['a global position after the text', () => attendWith({}, new LocalAttention({ window: 2, global: [4] })), /below the length, 4; got 4/],
  ['a stride of nothing', () => new StridedAttention({ stride: 0 }), /strided attention.*stride.*; got 0/],
  [
    'more summaries than tokens',
    () => new FixedAttention({ stride: 2, summaries: 3 }),
    /at most as many summaries as the stride, 2; got 3/,
  ],
  ['a mask of pairs', () => attendWith({ mask: input('m', [4, 4], 'bool') }), /mask of pairs.*\[4,4\].*mask of keys/],
  ['a bias of a call', () => attendWith({ bias: input('b', [4, 4], 'float32') }), /no bias of a call/],
  ['places', () => attendWith({ places: placesOf(4, 4) }), /places of one’s own/],
  ['keys of another sequence', () => otherKeys(), /keys of the queries’ own sequence; got 5 keys for 4 queries/],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

function attendWith(inputs: AttentionInputs, form: AttentionForm = new LocalAttention({ window: 2 })): Tensor {
  const x = input('x', [1, 1, 4, 2], 'float32');
  return form.attend(x, x, x, inputs);
}

function otherKeys(): Tensor {
  const [q, k] = [input('q', [1, 1, 4, 2], 'float32'), input('k', [1, 1, 5, 2], 'float32')];
  return new LocalAttention({ window: 2 }).attend(q, k, k);
}
