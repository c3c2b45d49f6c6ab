import { afterAll, describe, expect, test } from 'vitest';
import { causalMask, type Past, type ScaledDotProductOptions, scaledDotProduct } from '#dist/attention/index.js';
import { type Dim, HostArray, symbol } from '#dist/core/index.js';
import { evaluate, input, type RefArray, type Tensor, withPath } from '#dist/ops/index.js';
import { compile, lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { type Allowed, type Heads, naiveAttention } from './naive.js';

const [B, H, T, D] = [2, 3, 5, 4];
const cleanup: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(cleanup.map((f) => f())));

const hostOf = (r: RefArray): HostArray => new HostArray(Float32Array.from(r.data), r.shape, 'float32');
const heads = (r: RefArray): Heads => hostOf(r).toArray() as unknown as Heads;
const [q, k, v] = ['q', 'k', 'v'].map((n) => numbers(n, [B, H, T, D])) as [RefArray, RefArray, RefArray];
const naive = (allowed?: Allowed): number[] => naiveAttention(heads(q), heads(k), heads(v), allowed).flat(3);
const boolean = (shape: readonly number[], f: (index: number) => boolean): RefArray => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Number(f(i))),
});

/** Attention with an optional mask, in float64 and by ONNX Runtime, which must agree. */
async function attend(mask?: RefArray, options: Omit<ScaledDotProductOptions, 'mask'> = {}): Promise<ArrayLike<number>> {
  const [tq, tk, tv] = [input('q', q.shape), input('k', k.shape), input('v', v.shape)];
  const tm = mask === undefined ? undefined : input('m', mask.shape, 'bool');
  const feeds = new Map<Tensor, RefArray>([
    [tq, q],
    [tk, k],
    [tv, v],
  ]);
  if (tm !== undefined && mask !== undefined) feeds.set(tm, mask);
  const y = scaledDotProduct(tq, tk, tv, { ...options, mask: tm });
  expect(y.shape).toEqual([B, T, H, D]);
  const exact = evaluate([y], feeds)[0] as RefArray;
  const f = compile((a: Tensor, b: Tensor, c: Tensor, rest: { mask?: Tensor }) => scaledDotProduct(a, b, c, { ...options, ...rest }));
  cleanup.push(() => f.dispose());
  const rest = mask === undefined ? {} : { mask: new HostArray(Uint8Array.from(mask.data), mask.shape, 'bool') };
  const run = await f(hostOf(q), hostOf(k), hostOf(v), rest);
  expect(relativeDifference(run.data, exact.data)).toBeLessThan(1e-5);
  return exact.data;
}

const close = (got: ArrayLike<number>, want: ArrayLike<number>): void => {
  expect(relativeDifference(got, want)).toBeLessThan(1e-12);
};

describe('against the formula', () => {
  test('without a mask', async () => close(await attend(), naive()));

  test('causal', async () => {
    const mask = boolean([T, T], (i) => i % T <= Math.floor(i / T));
    close(
      await attend(mask, { everyQueryAttends: true }),
      naive((_, __, t, s) => s <= t),
    );
    close(
      await attend(mask),
      naive((_, __, t, s) => s <= t),
    );
  });

  test('a mask per sequence and head', async () => {
    const bit = (i: number): boolean => (i * 7919 + 13) % 5 < 3 || i % T === Math.floor(i / T) % T;
    const mask = boolean([B, H, T, T], bit);
    close(
      await attend(mask),
      naive((b, h, t, s) => bit(((b * H + h) * T + t) * T + s)),
    );
  });

  test('a query with nothing to attend to gets zeros', async () => {
    const mask = boolean([T, T], (i) => Math.floor(i / T) !== 2);
    const y = await attend(mask);
    close(
      y,
      naive((_, __, t) => t !== 2),
    );
    const row = Array.from(y).slice(2 * H * D, 3 * H * D);
    expect(new Set(row.map(Math.abs))).toEqual(new Set([0]));
  });
});

test('masked is absent: keys that nobody may attend to might as well be cut off', async () => {
  const kept = 3;
  const y = await attend(boolean([T, T], (i) => i % T < kept));
  const cut = (r: RefArray): Heads => heads(r).map((b) => b.map((h) => h.slice(0, kept)));
  close(y, naiveAttention(heads(q), cut(k), cut(v)).flat(3));
});

test('the causal mask: query i attends to keys up to i; also of a named length', async () => {
  expect((evaluate([causalMask(3)], new Map())[0] as RefArray).data).toEqual(Float64Array.of(1, 0, 0, 1, 1, 0, 1, 1, 1));
  expect(causalMask(3)).toMatchObject({ dtype: 'bool', shape: [3, 3] });
  const length = symbol('T');
  const x = input('x', [length]);
  const program = await Program.create(lowerProgram({ m: causalMask(length) }, [{ name: 'x', spec: x }]));
  cleanup.push(() => program.dispose());
  for (const n of [1, 4]) {
    const { m } = await program.run({ x: new HostArray(new Float32Array(n), [n], 'float32') });
    expect(m?.toArray()).toEqual(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => j <= i)));
  }
});

describe('with a past', () => {
  const [capacity, filled] = [6, 3];

  /** The sequence cut in two: the first part in a larger memory whose rest is garbage, the second new. */
  function inTwo(fresh: Dim, mask: (length: Dim) => Tensor | undefined): { y: Tensor; inputs: Map<Tensor, RefArray> } {
    const part = (r: RefArray, from: number, to: number): RefArray => ({
      shape: [B, H, to - from, D],
      data: Float64Array.from(
        heads(r)
          .map((b) => b.map((h) => h.slice(from, to)))
          .flat(3),
      ),
    });
    const memory = (r: RefArray): RefArray => {
      const data = heads(r).map((b) =>
        b.map((h) => [...h.slice(0, filled), ...new Array<number[]>(capacity - filled).fill(new Array<number>(D).fill(1e4))]),
      );
      return { shape: [B, H, capacity, D], data: Float64Array.from(data.flat(3)) };
    };
    const t = [1, 2, 3].map((i) => input(`new${i}`, [B, H, fresh, D])) as [Tensor, Tensor, Tensor];
    const past: Past = {
      keys: input('keys', [B, H, capacity, D]),
      values: input('values', [B, H, capacity, D]),
      filled: input('filled', [B, capacity], 'bool'),
    };
    const y = scaledDotProduct(...t, { past, mask: mask(fresh) });
    const inputs = new Map<Tensor, RefArray>([
      [t[0], part(q, filled, T)],
      [t[1], part(k, filled, T)],
      [t[2], part(v, filled, T)],
      [past.keys, memory(k)],
      [past.values, memory(v)],
      [past.filled, boolean([B, capacity], (i) => i % capacity < filled)],
    ]);
    return { y, inputs };
  }
  /** The last rows of an output [B,T,H,D]. */
  const late = (all: readonly number[]): number[] =>
    Array.from({ length: B }, (_, b) => all.slice((b * T + filled) * H * D, (b + 1) * T * H * D)).flat();

  test('equals the whole sequence at once', () => {
    const { y, inputs } = inTwo(T - filled, causalMask);
    close((evaluate([y], inputs)[0] as RefArray).data, late(naive((_, __, t, s) => s <= t)));
  });

  test('without a mask, every new query sees all of past and new', () => {
    const { y, inputs } = inTwo(T - filled, () => undefined);
    close((evaluate([y], inputs)[0] as RefArray).data, late(naive()));
  });

  test('with a mask per head', () => {
    const bit = (h: number, t: number, s: number): boolean => s <= t && (h !== 1 || s === t);
    const n = T - filled;
    const perHead = input('mask', [1, H, n, n], 'bool');
    const { y, inputs } = inTwo(n, () => perHead);
    inputs.set(
      perHead,
      boolean([1, H, n, n], (i) => bit(Math.floor(i / n / n), Math.floor(i / n) % n, i % n)),
    );
    const want = naive((_, h, t, s) => s < filled || (t >= filled && bit(h, t - filled, s - filled)));
    close((evaluate([y], inputs)[0] as RefArray).data, late(want));
  });

  test('and ONNX Runtime agrees, also for a named length', async () => {
    const { y, inputs } = inTwo(symbol('T'), causalMask);
    const declared = [...inputs.keys()].map((spec) => ({ name: (spec.node.attrs as { name: string }).name, spec }));
    const program = await Program.create(lowerProgram({ y }, declared));
    cleanup.push(() => program.dispose());
    const feeds = [...inputs].map(([t, r]): [string, HostArray] => [
      (t.node.attrs as { name: string }).name,
      t.dtype === 'bool' ? new HostArray(Uint8Array.from(r.data), r.shape, 'bool') : hostOf(r),
    ]);
    const result = (await program.run(Object.fromEntries(feeds))).y as HostArray;
    expect(relativeDifference(result.data, late(naive((_, __, t, s) => s <= t)))).toBeLessThan(1e-5);
  });
});

test('taps its sites under the module’s path, of the shapes that are promised', () => {
  const [tq, tk, tv] = [input('q', q.shape), input('k', k.shape), input('v', v.shape)];
  const y = withPath('blocks.0.attention', () => scaledDotProduct(tq, tk, tv, { mask: causalMask(T) }));
  const sites = sitesOf([y]);
  const shapes = Object.fromEntries([...sites].map(([name, t]) => [name, t.shape]));
  const all = {
    query: [B, H, T, D],
    key: [B, H, T, D],
    value: [B, H, T, D],
    scores: [B, H, T, T],
    pattern: [B, H, T, T],
    mixed: [B, T, H, D],
  };
  expect(shapes).toEqual(Object.fromEntries(Object.entries(all).map(([role, s]) => [`blocks.0.attention.${role}`, s])));
  const feeds = new Map<Tensor, RefArray>([
    [tq, q],
    [tk, k],
    [tv, v],
  ]);
  const pattern = (evaluate([sites.get('blocks.0.attention.pattern') as Tensor], feeds)[0] as RefArray).data;
  for (let row = 0; row < pattern.length / T; row++) {
    const weights = pattern.subarray(row * T, (row + 1) * T);
    expect(weights.reduce((a, w) => a + w, 0)).toBeCloseTo(1, 12);
    expect(weights.slice((row % T) + 1).every((w) => w === 0)).toBe(true);
  }
});
