import { describe, expect, test } from 'vitest';
import { ColumnAttention, OuterProductMean, PairBiasAttention, TriangleAttention, TriangleMultiplication } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { givenValues, prove } from '../prove.js';
import { gatedAttention, linear, normed } from './alphafold.js';
import { layerNorm, range, sigmoid, sum } from './loops.js';

const [B, A, R, C, Z, H, D] = [2, 2, 3, 4, 3, 2, 2];
const sizes = { heads: H, headWidth: D };

/** A mask of a grid of which a few places are empty. */
const present = (b: number, s: number, i: number): boolean => (b + 2 * s + i) % 4 !== 3;
const maskOf = (rows: number): HostArray =>
  new HostArray(
    Uint8Array.from(range(B).flatMap((b) => range(rows).flatMap((s) => range(R).map((i) => Number(present(b, s, i)))))),
    [B, rows, R],
    'bool',
  );
const given = (masked: boolean, rows: number): { mask?: HostArray } => (masked ? { mask: maskOf(rows) } : {});

describe.each([false, true])('masked: %s', (masked) => {
  const is = (b: number, s: number, i: number): boolean => !masked || present(b, s, i);

  test('row-wise gated attention with pair bias: algorithm 7', async () => {
    const module = givenValues(new PairBiasAttention({ width: C, pairWidth: Z, ...sizes }));
    await prove({
      module,
      inputs: { m: [B, A, R, C], z: [B, R, R, Z] },
      given: given(masked, A),
      forward: ({ m, z, mask }) => module.forward(m as Tensor, z as Tensor, mask),
      naive: (read) =>
        range(B).flatMap((b) => {
          const bias = range(R).map((i) =>
            range(R).map((j) => linear(read, normed(read, 'z', 'pairNorm', Z, [b, i, j]), 'pairBias', H, false)),
          );
          return range(A).flatMap((s) =>
            gatedAttention(
              read,
              'rows.attention',
              range(R).map((i) => normed(read, 'm', 'norm', C, [b, s, i])),
              { ...sizes, width: C },
              (h, i, j) => bias[i]?.[j]?.[h] as number,
              (j) => is(b, s, j),
            ).flat(),
          );
        }),
    });
  });

  test('column-wise gated attention: algorithm 8', async () => {
    const module = givenValues(new ColumnAttention({ width: C, ...sizes }));
    await prove({
      module,
      inputs: { m: [B, A, R, C] },
      given: given(masked, A),
      forward: ({ m, mask }) => module.forward(m as Tensor, mask),
      naive: (read) =>
        range(B).flatMap((b) => {
          const columns = range(R).map((i) =>
            gatedAttention(
              read,
              'columns.attention',
              range(A).map((s) => normed(read, 'm', 'norm', C, [b, s, i])),
              { ...sizes, width: C },
              undefined,
              (t) => is(b, t, i),
            ),
          );
          return range(A).flatMap((s) => range(R).flatMap((i) => columns[i]?.[s] as number[]));
        }),
    });
  });

  test('outer-product mean: algorithm 10', async () => {
    const hidden = 2;
    const module = givenValues(new OuterProductMean({ width: C, pairWidth: Z, hidden }));
    await prove({
      module,
      inputs: { m: [B, A, R, C] },
      given: given(masked, A),
      forward: ({ m, mask }) => module.forward(m as Tensor, mask),
      naive: (read) =>
        range(B).flatMap((b) => {
          const [left, right] = ['left', 'right'].map((name) =>
            range(A).map((s) => range(R).map((i) => linear(read, normed(read, 'm', 'norm', C, [b, s, i]), name, hidden))),
          ) as [number[][][], number[][][]];
          return range(R).flatMap((i) =>
            range(R).flatMap((j) => {
              const both = range(A).filter((s) => is(b, s, i) && is(b, s, j));
              const mean = range(hidden).flatMap((c) =>
                range(hidden).map((d) => {
                  const total = both.reduce((t, s) => t + (left[s]?.[i]?.[c] as number) * (right[s]?.[j]?.[d] as number), 0);
                  return both.length === 0 ? 0 : total / both.length;
                }),
              );
              return linear(read, mean, 'output', Z);
            }),
          );
        }),
    });
  });

  test.each(['outgoing', 'incoming'] as const)('triangle multiplication, %s edges: algorithms 11 and 12', async (edges) => {
    const hidden = 2;
    const module = givenValues(new TriangleMultiplication({ pairWidth: Z, hidden, edges }));
    await prove({
      module,
      inputs: { z: [B, R, R, Z] },
      given: given(masked, R),
      forward: ({ z, mask }) => module.forward(z as Tensor, mask),
      naive: (read) =>
        range(B).flatMap((b) => {
          const z = range(R).map((i) => range(R).map((j) => normed(read, 'z', 'norm', Z, [b, i, j])));
          const factor = (name: string) =>
            z.map((row, i) =>
              row.map((zij, j) => {
                const gate = linear(read, zij, `${name}Gate`, hidden).map(sigmoid);
                return linear(read, zij, name, hidden).map((v, c) => (is(b, i, j) ? v * (gate[c] as number) : 0));
              }),
            );
          const [a, right] = [factor('left'), factor('right')];
          return range(R).flatMap((i) =>
            range(R).flatMap((j) => {
              const product = range(hidden).map((c) =>
                sum(R, (k) => {
                  const [first, second] = edges === 'outgoing' ? [a[i]?.[k], right[j]?.[k]] : [a[k]?.[i], right[k]?.[j]];
                  return (first?.[c] as number) * (second?.[c] as number);
                }),
              );
              const done = linear(read, layerNorm(product, read('productNorm.weight'), read('productNorm.bias')), 'output', Z);
              const gate = linear(read, z[i]?.[j] ?? [], 'gate', Z).map(sigmoid);
              return done.map((v, c) => v * (gate[c] as number));
            }),
          );
        }),
    });
  });

  test.each(['starting', 'ending'] as const)('triangle attention around the %s node: algorithms 13 and 14', async (node) => {
    const module = givenValues(new TriangleAttention({ pairWidth: Z, ...sizes, node }));
    await prove({
      module,
      inputs: { z: [B, R, R, Z] },
      given: given(masked, R),
      forward: ({ z, mask }) => module.forward(z as Tensor, mask),
      naive: (read) =>
        range(B).flatMap((b) => {
          const z = range(R).map((i) => range(R).map((j) => normed(read, 'z', 'norm', Z, [b, i, j])));
          const bias = (h: number, i: number, j: number): number => linear(read, z[i]?.[j] ?? [], 'pairBias', H, false)[h] as number;
          const attended = range(R).map((line) => {
            const starting = node === 'starting';
            // Algorithm 13: q_ij meets k_ik, with b_jk. Algorithm 14: q_ij meets k_kj, with b_ki; here i is the query's row.
            return gatedAttention(
              read,
              'lines.attention',
              range(R).map((k) => (starting ? z[line]?.[k] : z[k]?.[line]) ?? []),
              { ...sizes, width: Z },
              (h, query, key) => (starting ? bias(h, query, key) : bias(h, key, query)),
              (k) => (starting ? is(b, line, k) : is(b, k, line)),
            );
          });
          return range(R).flatMap((i) => range(R).flatMap((j) => (node === 'starting' ? attended[i]?.[j] : attended[j]?.[i]) ?? []));
        }),
    });
  });
});

test('sites, in the shapes that are promised', () => {
  const shapes = (y: Tensor) => Object.fromEntries([...sitesOf([y])].map(([name, t]) => [name, t.shape]));
  const [m, z] = [input('m', [B, A, R, C]), input('z', [B, R, R, Z])];
  const lines = (path: string, batch: number, length: number, width: number) =>
    Object.fromEntries(
      Object.entries({
        query: [batch, H, length, D],
        key: [batch, H, length, D],
        value: [batch, H, length, D],
        scores: [batch, H, length, length],
        pattern: [batch, H, length, length],
        mixed: [batch, length, H, D],
        'gate.values': [batch, length, H, D],
        output: [batch, length, width],
      }).map(([role, shape]) => [`${path}.attention.${role}`, shape]),
    );
  const bias = [B, H, R, R];
  expect(shapes(new PairBiasAttention({ width: C, pairWidth: Z, ...sizes }).forward(m, z))).toEqual({
    bias,
    ...lines('rows', B * A, R, C),
  });
  expect(shapes(new ColumnAttention({ width: C, ...sizes }).forward(m))).toEqual(lines('columns', B * R, A, C));
  expect(shapes(new TriangleAttention({ pairWidth: Z, ...sizes, node: 'ending' }).forward(z))).toEqual({
    bias,
    ...lines('lines', B * R, R, Z),
  });
  const [pair, narrow] = [
    [B, R, R, Z],
    [B, R, R, 2],
  ];
  expect(shapes(new TriangleMultiplication({ pairWidth: Z, hidden: 2, edges: 'incoming' }).forward(z))).toEqual({
    left: narrow,
    right: narrow,
    product: narrow,
    output: pair,
  });
  expect(shapes(new OuterProductMean({ width: C, pairWidth: Z, hidden: 2 }).forward(m))).toEqual({
    left: [B, A, R, 2],
    right: [B, A, R, 2],
    mean: [B, R, R, 4],
    output: pair,
  });
});

test.each<[string, () => Tensor, string]>([
  [
    'pairs of other residues',
    () => new PairBiasAttention({ width: C, pairWidth: Z, ...sizes }).forward(input('m', [1, A, R, C]), input('z', [1, 4, 4, Z])),
    "pair bias: pairs [B,3,3,Z], of the alignment's 3 residues; got [1,4,4,3] float32.",
  ],
  [
    'pairs that are not square',
    () => new TriangleAttention({ pairWidth: Z, ...sizes, node: 'starting' }).forward(input('z', [1, 3, 4, Z])),
    'triangle attention: a square of pairs, [B,R,R,Z]; got [1,3,4,3] float32.',
  ],
  [
    'a mask of floats',
    () => new OuterProductMean({ width: C, pairWidth: Z }).forward(input('m', [1, A, R, C]), input('mask', [1, A, R])),
    'outer-product mean: a boolean mask, true where the grid holds something; got [1,2,3] float32.',
  ],
  [
    'a mask of another grid',
    () => new TriangleMultiplication({ pairWidth: Z, edges: 'outgoing' }).forward(input('z', [1, R, R, Z]), input('mask', [R, R], 'bool')),
    'triangle multiplication: a mask [1,3,3], one for each place of the grid; got [3,3] bool.',
  ],
  [
    'an alignment of three axes',
    () => new ColumnAttention({ width: C, ...sizes }).forward(input('m', [A, R, C])),
    'axial attention at columns: a grid of four axes, [batch,rows,columns,width]; got [2,3,4] float32.',
  ],
])('%s', (_, forward, message) => {
  expect(forward).toThrow(message);
});
