import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { DecoderBlock, EncoderBlock, TransformerDecoder, TransformerEncoder } from '#dist/models/index.js';
import type { Module } from '#dist/nn/index.js';
import { input, parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { givenValues } from '../../attention/prove.js';
import { centralDifferences, type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { largestDifference, relativeDifference } from '../../support/arrays.js';

const [B, S, T, C] = [2, 5, 4, 8];
const sizes = { width: C, heads: 2, hidden: 6 };
const x = input('x', [B, S, C]);
const y = input('y', [B, T, C]);
const real = input('real', [B, S], 'bool');
const xs = numbers('x', [B, S, C]);
const ys = numbers('y', [B, T, C]);
const feedsOf = (...pairs: readonly (readonly [Tensor, RefArray])[]): Feeds => new Map(pairs);
const orders = ['pre', 'post'] as const;

/** Rows (tokens) of [B,N,C], by batch and place. */
const row = (data: Float64Array, n: number, b: number, i: number): number[] => [...data.slice((b * n + i) * C, (b * n + i + 1) * C)];

/** The same array with one token of every batch row replaced. */
function withToken({ shape, data }: RefArray, at: number, name: string): RefArray {
  const other = numbers(name, [B, C]).data;
  const n = shape[1] as number;
  const next = data.slice();
  for (let b = 0; b < B; b++) for (let c = 0; c < C; c++) next[(b * n + at) * C + c] = other[b * C + c] as number;
  return { shape, data: next };
}

describe.each(orders)('norm %s', (norm) => {
  const encoder = givenValues(new TransformerEncoder({ ...sizes, layers: 2, norm }));
  const decoder = givenValues(new TransformerDecoder({ ...sizes, layers: 2, norm }));
  const decoded = decoder.forward(y, x);

  test('a decoder is causal: a later token changes nothing earlier, and something at its place', () => {
    fc.assert(
      fc.property(fc.nat(T - 1), fc.string(), (at, name) => {
        const before = numbersOf(decoded, feedsOf([x, xs], [y, ys]));
        const after = numbersOf(decoded, feedsOf([x, xs], [y, withToken(ys, at, `other ${name}`)]));
        for (let b = 0; b < B; b++) {
          for (let i = 0; i < at; i++) expect(row(after, T, b, i)).toEqual(row(before, T, b, i));
          expect(row(after, T, b, at)).not.toEqual(row(before, T, b, at));
        }
      }),
      { numRuns: 12 },
    );
  });

  test('a decoder sees all of the memory from each place', () => {
    const before = numbersOf(decoded, feedsOf([x, xs], [y, ys]));
    const after = numbersOf(decoded, feedsOf([x, withToken(xs, S - 1, 'other')], [y, ys]));
    for (let i = 0; i < T; i++) expect(row(after, T, 0, i)).not.toEqual(row(before, T, 0, i));
  });

  test('an encoder without positions is permutation equivariant', () => {
    const encoded = encoder.forward(x);
    const plain = numbersOf(encoded, feedsOf([x, xs]));
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: S, maxLength: S }), (order) => {
        const data = Float64Array.from([...new Array(B).keys()].flatMap((b) => order.flatMap((i) => row(xs.data, S, b, i))));
        const want = [...new Array(B).keys()].flatMap((b) => order.flatMap((i) => row(plain, S, b, i)));
        expect(largestDifference(numbersOf(encoded, feedsOf([x, { shape: xs.shape, data }])), want)).toBeLessThan(1e-12);
      }),
      { numRuns: 12 },
    );
  });

  test('padding is as if absent: it changes nothing, and shorter rows give the same', () => {
    const padding = Float64Array.of(1, 1, 1, 0, 0, 1, 1, 1, 0, 0);
    const masked = encoder.forward(x, { padding: real });
    const across = decoder.forward(y, masked, { memoryPadding: real });
    const feeds = (source: RefArray): Feeds => feedsOf([x, source], [y, ys], [real, { shape: [B, S], data: padding }]);
    const want = numbersOf(across, feeds(xs));
    expect([...numbersOf(across, feeds(withToken(withToken(xs, 3, 'a'), 4, 'b')))]).toEqual([...want]);
    const short = input('short', [B, 3, C]);
    const cut = Float64Array.from([0, 1].flatMap((b) => [0, 1, 2].flatMap((i) => row(xs.data, S, b, i))));
    const own = decoder.forward(y, encoder.forward(short));
    const got = numbersOf(own, feedsOf([short, { shape: [B, 3, C], data: cut }], [y, ys]));
    expect(largestDifference(got, want)).toBeLessThan(1e-12);
  });

  test('a row that is padding alone gives finite numbers and gradients', () => {
    const masked = encoder.forward(x, { padding: real });
    const out = decoder.forward(y, masked, { memoryPadding: real });
    const [g] = gradients(out.mul(out).sum(), [x]) as [Tensor];
    const feeds = feedsOf([x, xs], [y, ys], [real, { shape: [B, S], data: Float64Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0, 0) }]);
    for (const t of [out, g]) expect(numbersOf(t, feeds).every(Number.isFinite)).toBe(true);
  });

  test('a target with nothing to attend to has a pattern of zeros, on ONNX Runtime', async () => {
    const run = compile((source: Tensor, target: Tensor, padding: Tensor) => {
      const sites = sitesOf([decoder.forward(target, source, { padding })]);
      return sites.get('blocks.0.self_attention.pattern') as Tensor;
    });
    const hostOf = ({ shape, data }: RefArray): HostArray => new HostArray(Float32Array.from(data), shape, 'float32');
    const tokens = new HostArray(Uint8Array.of(0, 0, 1, 1, 1, 1, 1, 1), [B, T], 'bool');
    const { data } = await run(hostOf(xs), hostOf(ys), tokens);
    await run.dispose();
    const sums = Array.from({ length: B * 2 * T }, (_, r) => (data as Float32Array).slice(r * T, (r + 1) * T).reduce((p, q) => p + q));
    expect(largestDifference(sums, [0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])).toBeLessThan(1e-6);
  });

  test('the decoder’s last rows from a past are those of the whole', () => {
    const early = 3;
    const names = (i: number, role: string): string => `blocks.${i}.self_attention.${role}`;
    const sites = sitesOf([decoded]);
    const feeds = feedsOf([x, xs], [y, ys]);
    const filled = input('filled', [B, early], 'bool');
    const all: Feeds = new Map(feeds).set(filled, { shape: [B, early], data: new Float64Array(B * early).fill(1) });
    const past = [0, 1].map((i) => {
      const [keys, values] = ['key', 'value'].map(
        (role) => (sites.get(names(i, role)) as Tensor).split([early, T - early], 2)[0] as Tensor,
      );
      return { keys: keys as Tensor, values: values as Tensor, filled };
    });
    const last = decoder.forward(y.split([early, T - early], 1)[1] as Tensor, x, { past });
    const want = numbersOf(decoded.split([early, T - early], 1)[1] as Tensor, feeds);
    expect(relativeDifference(numbersOf(last, all), want)).toBeLessThan(1e-12);
  });

  test('gradients of both blocks are what central differences give', () => {
    const encoderBlock = new EncoderBlock({ ...sizes, width: 4, hidden: 3, norm, activation: 'gelu' });
    const decoderBlock = new DecoderBlock({ ...sizes, width: 4, hidden: 3, norm, activation: 'gelu' });
    const [source, target] = [input('s', [1, 3, 4]), input('t', [1, 2, 4])];
    const out = decoderBlock.forward(target, encoderBlock.forward(source));
    const by = [source, target, ...[encoderBlock, decoderBlock].flatMap((m: Module) => [...m.parameters().values()].map(parameterTensor))];
    const feeds: Feeds = new Map(by.map((t, i) => [t, numbers(`by${i}`, t.shape as readonly number[])]));
    const w = input('w', [1, 2, 4]);
    feeds.set(w, numbers('w', [1, 2, 4]));
    const loss = out.mul(out).mul(0.3).add(out).mul(w).sum();
    gradients(loss, by).forEach((g, i) => {
      const want = centralDifferences(loss, by[i] as Tensor, feeds);
      const size = Math.max(...want.map(Math.abs), 1e-2);
      expect(largestDifference(numbersOf(g, feeds), want) / size, `${i}`).toBeLessThan(1e-6);
    });
  });
});
