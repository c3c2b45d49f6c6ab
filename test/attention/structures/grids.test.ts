import { describe, expect, test } from 'vitest';
import {
  AxialAttention,
  ColumnAttention,
  OuterProductMean,
  PairBiasAttention,
  TriangleAttention,
  TriangleMultiplication,
} from '#dist/attention/index.js';
import { HostArray, symbol } from '#dist/core/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues } from '../prove.js';

const [B, A, R, C, H] = [2, 2, 3, 4, 2];
const sizes = { heads: H, headWidth: 2 };
const pairBias = givenValues(new PairBiasAttention({ width: C, pairWidth: C, ...sizes }));
const columns = givenValues(new ColumnAttention({ width: C, ...sizes }));
const product = givenValues(new OuterProductMean({ width: C, pairWidth: C, hidden: 2 }));
const axial = givenValues(new AxialAttention({ width: C, heads: H, along: 'columns' }));
const [starting, ending] = (['starting', 'ending'] as const).map((node) =>
  givenValues(new TriangleAttention({ pairWidth: C, ...sizes, node })),
) as [TriangleAttention, TriangleAttention];
const incoming = givenValues(new TriangleMultiplication({ pairWidth: C, edges: 'incoming' }));

const [m, z] = [input('m', [B, A, R, C]), input('z', [B, R, R, C])];
const mask = input('mask', [B, A, R], 'bool');
const feeds: Feeds = new Map([
  [m, numbers('m', [B, A, R, C])],
  [z, numbers('z', [B, R, R, C])],
  [mask, { shape: [B, A, R], data: Float64Array.of(1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0) }],
]);

const forms: [string, (alignment: Tensor, pairs: Tensor, present: Tensor) => Tensor][] = [
  ['pair bias', (x, pairs, present) => pairBias.forward(x, pairs, present)],
  ['columns', (x, _, present) => columns.forward(x, present)],
  ['outer-product mean', (x) => product.forward(x)],
  ['outer-product mean, masked', (x, _, present) => product.forward(x, present)],
  ['axial', (x, _, present) => axial.forward(x, { mask: present })],
  ['triangle attention', (_, pairs) => ending.forward(pairs)],
  ['triangle multiplication', (_, pairs) => incoming.forward(pairs)],
];

test.each(forms)('%s: batch, rows and residues may stay free until it runs', async (_, forward) => {
  const [b, a, r] = ['B', 'A', 'R'].map((name) => symbol(name)) as [
    ReturnType<typeof symbol>,
    ReturnType<typeof symbol>,
    ReturnType<typeof symbol>,
  ];
  const free = [input('m', [b, a, r, C]), input('z', [b, r, r, C]), input('mask', [b, a, r], 'bool')] as const;
  const declared = free.map((spec, i) => ({ name: ['m', 'z', 'mask'][i] as string, spec }));
  const program = await Program.create(lowerProgram({ y: forward(...free) }, declared));
  const hosts = [m, z, mask].map((t) => {
    const { data, shape } = feeds.get(t) as { data: Float64Array; shape: readonly number[] };
    return t === mask ? new HostArray(Uint8Array.from(data), shape, 'bool') : new HostArray(Float32Array.from(data), shape, 'float32');
  });
  const { y } = await program.run({ m: hosts[0] as HostArray, z: hosts[1] as HostArray, mask: hosts[2] as HostArray });
  await program.dispose();
  expect(relativeDifference(y?.data, numbersOf(forward(m, z, mask), feeds))).toBeLessThan(1e-5);
});

describe('laws', () => {
  const turned = (x: Tensor): Tensor => x.transpose([0, 2, 1, 3]);
  const same = (a: Tensor, b: Tensor): void => expect(relativeDifference(numbersOf(a, feeds), numbersOf(b, feeds))).toBeLessThan(1e-11);
  /** Rows of an alignment in the other order. */
  const swapped = (x: Tensor): Tensor => x.slice([null, [-1, -A - 1, -1]]);

  test('around the ending node is around the starting node of the turned pairs, turned back', () => {
    // The two were given the same values by name.
    same(ending.forward(z), turned(starting.forward(turned(z))));
  });

  test('rows of an alignment have no order', () => {
    same(pairBias.forward(swapped(m), z), swapped(pairBias.forward(m, z)));
    same(columns.forward(swapped(m)), swapped(columns.forward(m)));
    same(product.forward(swapped(m)), product.forward(m));
  });

  test('a row that is masked might as well not be there', () => {
    const first = m.split([1, 1], 1)[0] as Tensor;
    const one: Feeds = new Map([
      ...feeds,
      [mask, { shape: [B, A, R], data: Float64Array.from({ length: B * A * R }, (_, i) => Number(i % (A * R) < R)) }],
    ]);
    const masked = numbersOf(product.forward(m, mask), one);
    expect(relativeDifference(masked, numbersOf(product.forward(first), feeds))).toBeLessThan(1e-11);
    const kept = numbersOf(columns.forward(m, mask).split([1, 1], 1)[0] as Tensor, one);
    expect(relativeDifference(kept, numbersOf(columns.forward(first), feeds))).toBeLessThan(1e-11);
  });
});
