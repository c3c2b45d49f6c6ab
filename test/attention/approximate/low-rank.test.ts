import { expect, test } from 'vitest';
import {
  Attention,
  type ImpliedAttention,
  LinformerAttention,
  NystromAttention,
  pseudoInverse,
  segmentMeans,
} from '#dist/attention/index.js';
import { host, symbol } from '#dist/core/index.js';
import { constant, input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues, prove, type Read } from '../prove.js';
import { dot, range, softmax } from '../structures/loops.js';
import { feedsOf, gathered, readOf, row, type Sizes } from './loops.js';

const sizes: Sizes = { B: 2, H: 2, K: 1, T: 6, S: 6, D: 3 };
const { B, H, K, T, S, D } = sizes;
const shapes = { q: [B, H, T, D], k: [B, K, S, D], v: [B, K, S, D] };
const forwardOf =
  (form: ImpliedAttention) =>
  ({ q, k, v }: Record<string, Tensor>): Tensor =>
    form.attend(q as Tensor, k as Tensor, v as Tensor);
type Matrix = readonly (readonly number[])[];
const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((r) =>
    range(b[0]?.length ?? 0).map((j) =>
      dot(
        r,
        b.map((x) => x[j] as number),
      ),
    ),
  );
const meet = (a: Matrix, b: Matrix): number[][] => a.map((q) => softmax(b.map((k) => dot(q, k) / Math.sqrt(D))));

/** softmax(Q (E K)ᵀ/√D) F for one query, by sums. */
function linformer(rank: number, shared: boolean, counts = (_: number): boolean => true) {
  return (read: (name: string) => Read): number[] =>
    gathered(sizes, read('v'), (b, h, t) => {
      const [e, f] = [read('keyProjection'), read(shared ? 'keyProjection' : 'valueProjection')];
      const few = range(rank).map((r) =>
        range(D).map((d) => range(S).reduce((a, s) => a + (counts(s) ? e(r, s) * read('k')(b, 0, s, d) : 0), 0)),
      );
      const weights = meet([row(read('q'), b, h, t, D)], few)[0] as number[];
      return range(S).map((s) => (counts(s) ? range(rank).reduce((a, r) => a + (weights[r] as number) * f(r, s), 0) : 0));
    });
}

test.each([
  [false, false],
  [true, false],
  [false, true],
])('Linformer, projections shared %s, through its pattern %s: the definition, and its gradients', async (shared, materialise) => {
  const module = givenValues(new LinformerAttention({ length: 8, rank: 2, shared, materialise }));
  await prove({ module, inputs: shapes, forward: forwardOf(module), naive: linformer(2, shared) });
});

test('Linformer of full rank with means of one key each is softmax attention; keys that do not count weigh nothing', async () => {
  const whole = new LinformerAttention({ length: S, rank: S, initializer: segmentMeans });
  const form = new LinformerAttention({ length: S, rank: 3 });
  const looked = new LinformerAttention({ length: S, rank: 3, materialise: true });
  const keys = host([[[[true, true, false, true, true, false]]]]);
  const run = compile(({ q, k, v }: Record<'q' | 'k' | 'v', Tensor>) => {
    const inputs = { mask: constant(keys) };
    const mixed = looked.attend(q, k, v, inputs);
    return {
      dense: new Attention().attend(q, k, v),
      whole: whole.attend(q, k, v),
      masked: form.attend(q, k, v, inputs),
      mixed,
      few: sitesOf([form.attend(q, k, v)]).get('projected_pattern') as Tensor,
    };
  });
  const feeds = feedsOf(shapes);
  const got = await run(feeds);
  expect(relativeDifference(got.whole.data, got.dense.data)).toBeLessThan(1e-5);
  expect(relativeDifference(got.masked.data, got.mixed.data)).toBeLessThan(1e-5);
  const parameters = Object.fromEntries([...form.parameters()].map(([n, p]) => [n, p.value]));
  const want = linformer(3, false, (s) => s !== 2 && s !== 5)(readOf({ ...feeds, ...parameters }));
  expect(relativeDifference(got.masked.data, want)).toBeLessThan(1e-5);
  expect(got.few.shape).toEqual([B, H, T, 3]);
  await run.dispose();
});

/** The paper's equations with its own iteration, matrix by matrix. */
function nystrom(m: number, iterations: number) {
  const from = (x: number, a: Matrix): number[][] => a.map((r, i) => r.map((v, j) => x * Number(i === j) - v));
  return (read: (name: string) => Read): number[] => {
    const heads = range(B).map((b) =>
      range(H).map((h) => {
        const [q, k] = [range(T).map((t) => row(read('q'), b, h, t, D)), range(S).map((s) => row(read('k'), b, 0, s, D))];
        const means = (x: Matrix): number[][] =>
          range(m).map((i) => range(D).map((d) => range(T / m).reduce((a, j) => a + (x[(i * T) / m + j]?.[d] as number), 0) / (T / m)));
        const a = meet(means(q), means(k));
        const rowSum = Math.max(...a.map((r) => r.reduce((x, y) => x + y, 0)));
        const columnSum = Math.max(...range(m).map((j) => a.reduce((x, r) => x + (r[j] as number), 0)));
        let z: number[][] = range(m).map((i) => range(m).map((j) => (a[j]?.[i] as number) / (rowSum * columnSum)));
        for (let n = 0; n < iterations; n++) {
          const az = product(a, z);
          const inner = from(15, product(az, from(7, az)));
          z = product(z, from(13, product(az, inner))).map((r) => r.map((v) => v / 4));
        }
        return product(product(meet(q, means(k)), z), meet(means(q), k));
      }),
    );
    return gathered(sizes, read('v'), (b, h, t) => heads[b]?.[h]?.[t] ?? []);
  };
}

test.each([
  [2, 6, false],
  [3, 4, true],
])(
  'Nyström, %s landmarks, %s steps, through its pattern %s: the paper’s equations, and their gradients',
  async (landmarks, iterations, materialise) => {
    const module = new NystromAttention({ landmarks, iterations, materialise });
    await prove({ module, inputs: shapes, forward: forwardOf(module), naive: nystrom(landmarks, iterations) });
  },
);

test('Nyström with a landmark for each token is softmax attention; the iteration inverts', async () => {
  const form = new NystromAttention({ landmarks: T, iterations: 20 });
  const run = compile(({ q, k, v }: Record<'q' | 'k' | 'v', Tensor>) => {
    const a = q.matmul(q, { transposeB: true }).softmax();
    const z = pseudoInverse(a, 24);
    return { all: form.attend(q, k, v), dense: new Attention().attend(q, k, v), a, back: a.matmul(z).matmul(a) };
  });
  const got = await run(feedsOf(shapes));
  expect(relativeDifference(got.all.data, got.dense.data)).toBeLessThan(1e-3);
  expect(relativeDifference(got.back.data, got.a.data)).toBeLessThan(1e-4);
  await run.dispose();
});

test('what does not fit', () => {
  expect(() => new LinformerAttention({ length: 4, rank: 0 })).toThrow('Linformer attention: rank: a whole number from 1; got 0.');
  expect(() => new LinformerAttention({ length: 4, rank: 5 })).toThrow(/a rank of at most the length; got rank 5, length 4/);
  expect(() => new NystromAttention({ landmarks: 0 })).toThrow(/landmarks: a whole number from 1; got 0/);
  const x = input('x', [1, 2, 9, 4]);
  expect(() => new LinformerAttention({ length: 8, rank: 2 }).attend(x, x, x)).toThrow(
    'Linformer attention: at most 8 keys, the length of its projection; got [1,2,9,4] float32. Give it a larger length when it is made',
  );
  expect(() => new NystromAttention({ landmarks: 4 }).attend(x, x, x)).toThrow(/a length that 4 landmarks divide; got \[1,2,9,4\]/);
  expect(() => new NystromAttention({ landmarks: 3 }).attend(x, x, x, { mask: input('m', [1, 9], 'bool') })).toThrow(/no mask/);
  const free = input('x', [1, 2, symbol('T'), 4]);
  expect(() => new NystromAttention({ landmarks: 3 }).attend(free, free, free)).toThrow(/a length that is known/);
});
