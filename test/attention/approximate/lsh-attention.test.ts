import { expect, test } from 'vitest';
import { LshAttention, type LshAttentionOptions, MultiHeadAttention, SharedQueryKeyAttention } from '#dist/attention/index.js';
import { host, symbol } from '#dist/core/index.js';
import { constant, input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { prove, type Read } from '../prove.js';
import { dot, range, softmax } from '../structures/loops.js';
import { feedsOf, gathered, readOf, row, type Sizes } from './loops.js';

const sizes: Sizes = { B: 2, H: 2, K: 2, T: 8, S: 8, D: 3 };
const { B, H, T, D } = sizes;
const shapes = { qk: [B, H, T, D], v: [B, H, T, D] };
const options: readonly LshAttentionOptions[] = [
  { buckets: 4, chunk: 2 },
  { buckets: 4, rounds: 3, causal: true },
  { buckets: 2, rounds: 2, chunk: 2, materialise: true },
  { buckets: 2, chunk: 8, rounds: 2, causal: true, seed: 3 },
  { buckets: [2, 4], chunk: 2, rounds: 2 },
];

/** Which keys each query of a head meets in a round, as section 2 says it: sorted by bucket, cut, its own chunk and the one before. */
function met(rows: readonly (readonly number[])[], factors: readonly number[][][], chunk: number): boolean[][] {
  const buckets = rows.map((x) => {
    let [bucket, place] = [0, 1];
    for (const directions of factors) {
      const along = directions.map((d) => dot(x, d));
      const both = [...along, ...along.map((a) => -a)];
      bucket += place * both.indexOf(Math.max(...both));
      place *= both.length;
    }
    return bucket;
  });
  const order = range(T).sort((a, b) => (buckets[a] as number) - (buckets[b] as number) || a - b);
  const chunks = range(T).map((t) => Math.floor(order.indexOf(t) / chunk));
  return range(T).map((i) =>
    range(T).map((j) => {
      const back = (chunks[i] as number) - (chunks[j] as number);
      return buckets[i] === buckets[j] && (back === 0 || back === 1);
    }),
  );
}

/** Softmax over what is met in any round; itself only where there is nothing else. */
function naive(form: LshAttention, counts = (_: number): boolean => true) {
  const omega = form.directions(H, D);
  const factors = [form.buckets].flat();
  const chunk = form.chunk ?? (2 * T) / factors.reduce((a, f) => a * f, 1);
  const directions = (h: number, round: number): number[][][] =>
    factors.map((f, i) => range(f / 2).map((j) => range(D).map((d) => omega[i]?.at(h, d, (round * f) / 2 + j) as number)));
  return (read: (name: string) => Read): number[] => {
    const heads = range(B).map((b) =>
      range(H).map((h) => {
        const rows = range(T).map((s) => row(read('qk'), b, h, s, D));
        return { rows, rounds: range(form.rounds).map((r) => met(rows, directions(h, r), chunk)) };
      }),
    );
    return gathered(sizes, read('v'), (b, h, t) => {
      const { rows = [], rounds = [] } = heads[b]?.[h] ?? {};
      const allowed = (s: number): boolean => counts(s) && (!form.causal || s <= t) && rounds.some((m) => m[t]?.[s] === true);
      const scores = rows.map((k) => dot(rows[t] as number[], k) / Math.sqrt(dot(k, k) * D));
      const alone = !range(T).some((s) => s !== t && allowed(s));
      return softmax(scores, (s) => allowed(s) && (alone || s !== t));
    });
  };
}

test.each(options)('%j: softmax over what a loop over rounds meets, and its gradients', async (given) => {
  const module = new LshAttention(given);
  const forward = ({ qk, v }: Record<string, Tensor>): Tensor => module.attend(qk as Tensor, qk as Tensor, v as Tensor);
  await prove({ module, inputs: shapes, forward, naive: naive(module) });
});

test.each(options)('%j: the same through its pattern; keys that do not count weigh nothing', async (given) => {
  const [form, looked] = [new LshAttention({ ...given, materialise: false }), new LshAttention({ ...given, materialise: true })];
  const keys = host([[[[true, true, false, true, true, true, false, true]]]]);
  const run = compile(({ qk, v }: Record<'qk' | 'v', Tensor>) => {
    const inputs = { mask: constant(keys) };
    const mixed = looked.attend(qk, qk, v, inputs);
    const site = sitesOf([mixed]).get('pattern') as Tensor;
    return { fast: form.attend(qk, qk, v, inputs), mixed, site, pattern: form.pattern(qk, qk, inputs) };
  });
  const feeds = feedsOf(shapes);
  const got = await run(feeds);
  expect(relativeDifference(got.fast.data, got.mixed.data)).toBeLessThan(1e-5);
  expect(relativeDifference(got.fast.data, naive(form, (s) => s !== 2 && s !== 6)(readOf(feeds)))).toBeLessThan(1e-5);
  expect(got.site.data).toEqual(got.pattern.data);
  await run.dispose();
});

test('a layer whose queries are its keys; redrawn directions are others', () => {
  const attention = new LshAttention({ buckets: 2, rounds: 2 });
  const layer = new SharedQueryKeyAttention({ width: 4, heads: 2, attention });
  const x = input('x', [1, 8, 4]);
  expect(layer.forward(x).shape).toEqual([1, 8, 4]);
  expect([...layer.parameters().keys()]).toEqual(['queryKey.weight', 'value.weight', 'output.weight']);
  const before = attention.directions(2, 2)[0]?.data;
  attention.redraw();
  expect(attention.directions(2, 2)[0]?.data).not.toEqual(before);
});

test('what does not fit', () => {
  expect(() => new LshAttention({ buckets: 7 })).toThrow(
    'LSH attention: an even number of buckets, two for each direction; got 7. Choose 8.',
  );
  expect(() => new LshAttention({ buckets: [4, 3] })).toThrow(/an even number of buckets.*got 3/);
  expect(() => new LshAttention({ buckets: [] })).toThrow(/factors: a whole number from 1; got 0/);
  expect(() => new LshAttention({ buckets: 0 })).toThrow(/buckets: a whole number from 1; got 0/);
  expect(() => new LshAttention({ buckets: 2, rounds: 0.5 })).toThrow(/rounds: a whole number from 1; got 0.5/);
  const layer = new MultiHeadAttention({ width: 4, heads: 2, attention: new LshAttention({ buckets: 2 }) });
  expect(() => layer.forward(input('x', [1, 8, 4]))).toThrow(/one tensor as queries and keys; got two. Use SharedQueryKeyAttention/);
  const x = input('x', [1, 2, 9, 4]);
  expect(() => new LshAttention({ buckets: 4 }).attend(x, x, x)).toThrow(
    'LSH attention: a length T that 2·T/buckets divides, buckets = 4; got length 9. Pad it, and give the keys that count.',
  );
  expect(() => new LshAttention({ buckets: 4, chunk: 2 }).attend(x, x, x)).toThrow(/a length that chunks of 2 divide; got length 9/);
  const free = input('x', [1, 2, symbol('T'), 4]);
  expect(() => new LshAttention({ buckets: 4 }).attend(free, free, free)).toThrow(/a length that is known/);
});
