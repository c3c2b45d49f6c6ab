import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Attention,
  type AttentionInputs,
  causalMask,
  DifferentialAttention,
  GroupedQueryAttention,
  LatentAttention,
  MultiHeadAttention,
  MultiQueryAttention,
  SigmoidGate,
  TalkingHeads,
} from '#dist/attention/index.js';
import { HostArray, symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import type { Module } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues } from '../prove.js';

const [B, T, C, H] = [2, 4, 8, 4];

interface Layer extends Module {
  forward(x: Tensor, inputs?: Omit<AttentionInputs, 'past'>): Tensor;
}

const latent = { width: C, heads: H, headWidth: 3, rotaryWidth: 2, latentWidth: 5 };
class Absorbed extends LatentAttention {
  override forward(x: Tensor, inputs: Parameters<LatentAttention['forward']>[1] = {}): Tensor {
    return super.forward(x, { ...inputs, absorbed: true });
  }
}

const layers: [string, Layer][] = [
  ['multi-head', new MultiHeadAttention({ width: C, heads: H })],
  ['multi-query', new MultiQueryAttention({ width: C, heads: H, headWidth: 3, valueWidth: 2 })],
  ['grouped-query', new GroupedQueryAttention({ width: C, heads: H, kvHeads: 2, softCap: 2 })],
  [
    'talking heads',
    new MultiHeadAttention({ width: C, heads: H, attention: new Attention({ normaliser: new TalkingHeads({ heads: H, inner: 3 }) }) }),
  ],
  ['gated', new MultiHeadAttention({ width: C, heads: H, gate: new SigmoidGate({ width: C, heads: H, headWidth: 2 }) })],
  [
    'differential',
    new MultiHeadAttention({ width: C, heads: H, kvHeads: 2, attention: new DifferentialAttention({ headWidth: 2, layer: 2 }) }),
  ],
  ['latent', new LatentAttention(latent)],
  ['latent, absorbed', new Absorbed(latent)],
];

describe.each(layers)('%s attention', (_, layer) => {
  givenValues(layer);
  const x = input('x', [B, T, C]);
  const given = numbers('x', [B, T, C]);
  const at = (y: Tensor, data: Float64Array = given.data, more: Feeds = new Map()): Float64Array =>
    numbersOf(y, new Map([...more, [x, { ...given, data }]]));
  /** The numbers of tokens first … last − 1 of every row. */
  const tokens = (data: Float64Array, first: number, last: number): number[] =>
    Array.from({ length: B }, (__, b) => [...data.slice((b * T + first) * C, (b * T + last) * C)]).flat();

  test('causality: a later token changes nothing earlier', () => {
    const y = layer.forward(x, { mask: causalMask(T) });
    const before = at(y);
    fc.assert(
      fc.property(fc.nat(T - 1), fc.nat(C - 1), fc.double({ min: -3, max: 3, noNaN: true }), (t, c, to) => {
        const data = given.data.slice();
        for (let b = 0; b < B; b++) data[(b * T + t) * C + c] = to;
        expect(tokens(at(y, data), 0, t)).toEqual(tokens(before, 0, t));
      }),
      { numRuns: 15 },
    );
  });

  test('without positions, permuted tokens give permuted results', () => {
    const y = layer.forward(x);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: T }), (order) => {
        const permute = (data: Float64Array): Float64Array =>
          data.map((__, i) => data[(Math.floor(i / (T * C)) * T + (order[Math.floor(i / C) % T] as number)) * C + (i % C)] as number);
        expect(relativeDifference(at(y, permute(given.data)), permute(at(y)))).toBeLessThan(1e-11);
      }),
      { numRuns: 10 },
    );
  });

  test('masking equals removing', () => {
    const mask = input('mask', [1, T], 'bool');
    const masked = at(layer.forward(x, { mask }), given.data, new Map([[mask, { shape: [1, T], data: Float64Array.of(1, 1, 1, 0) }]]));
    const cut = layer.forward(x.split([T - 1, 1], 1)[0] as Tensor);
    expect(relativeDifference(tokens(masked, 0, T - 1), at(cut))).toBeLessThan(1e-11);
  });

  test('cached equals uncached, in memory with empty slots', () => {
    const [early, capacity] = [3, 5];
    const whole = layer.forward(x, { mask: causalMask(T) });
    const [first, last] = x.split([early, T - early], 1) as [Tensor, Tensor];
    const sites = sitesOf([layer.forward(first)]);
    const inMemory = (role: string): Tensor =>
      (sites.get(role) as Tensor).pad(
        [
          [0, 0],
          [0, 0],
          [0, capacity - early],
          [0, 0],
        ],
        100,
      );
    const filled = input('filled', [B, capacity], 'bool');
    const memory =
      layer instanceof LatentAttention ? { latents: inMemory('latent') } : { keys: inMemory('key'), values: inMemory('value') };
    const y = layer.forward(last, { past: { ...memory, filled } } as object);
    const held = Float64Array.from({ length: B * capacity }, (__, i) => Number(i % capacity < early));
    const got = at(y, given.data, new Map([[filled, { shape: [B, capacity], data: held }]]));
    expect(relativeDifference(got, tokens(at(whole), early, T))).toBeLessThan(1e-11);
  });

  test('a query that may attend to nothing has a finite result and finite gradients', () => {
    const mask = input('mask', [T, 1], 'bool');
    const y = layer.forward(x, { mask });
    const [gradient] = gradients(y.mul(y).sum(), [x]) as [Tensor];
    const feeds: Feeds = new Map([[mask, { shape: [T, 1], data: Float64Array.of(1, 0, 1, 1) }]]);
    const pattern = at(sitesOf([y]).get('pattern') as Tensor, given.data, feeds);
    pattern.forEach((w, i) => {
      if (Math.floor(i / T) % T === 1) expect(Math.abs(w)).toBe(0);
    });
    for (const values of [at(y, given.data, feeds), at(gradient, given.data, feeds)]) expect(values.every(Number.isFinite)).toBe(true);
  });

  test('batch and length may stay free until it runs', async () => {
    const free = input('x', [symbol('B'), symbol('T'), C]);
    const program = await Program.create(lowerProgram({ y: layer.forward(free) }, [{ name: 'x', spec: free }]));
    const { y } = await program.run({ x: new HostArray(Float32Array.from(given.data), [B, T, C], 'float32') });
    await program.dispose();
    expect(relativeDifference(y?.data, at(layer.forward(x)))).toBeLessThan(1e-5);
  });
});
