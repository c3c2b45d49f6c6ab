import fc from 'fast-check';
import { expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { SinusoidalPositions } from '#dist/position/index.js';
import { compile } from '#dist/runtime/index.js';
import { rowsOf } from '../nn/arrays.js';
import { largestDifference } from '../support/arrays.js';

const C = 10;
const positions = new SinusoidalPositions(C);
const rows = (t: Tensor, feeds = new Map<Tensor, RefArray>()): number[][] => rowsOf(evaluate([t], feeds)[0] as RefArray);
const places = input('places', [1, 2], 'int32');
const vectors = positions.forward(input('x', [1, 2, C]), places);
const at = (...p: [number, number]): number[][] => rows(vectors, new Map([[places, { shape: [1, 2], data: Float64Array.from(p) }]]));

/** Section 3.5 of the paper, number by number. */
const paper = (p: number): number[] =>
  Array.from({ length: C }, (_, k) => {
    const angle = p / 10000 ** ((k - (k % 2)) / C);
    return k % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });

test('are the paper’s, at any length', () => {
  for (const length of [1, 7, 300]) {
    const y = positions.forward(input('x', [2, length, C]));
    expect(y.shape).toEqual([length, C]);
    const want = Array.from({ length }, (_, p) => paper(p));
    expect(largestDifference(rows(y).flat(), want.flat())).toBeLessThan(1e-5);
  }
});

test('from a first position, and each token at its own; on ONNX Runtime too, with lengths left open', async () => {
  const first = input('first', [1], 'int32');
  const later = positions.forward(input('x', [1, 3, C]), first);
  const got = rows(later, new Map([[first, { shape: [1], data: Float64Array.of(40) }]]));
  expect(largestDifference(got.flat(), [40, 41, 42].flatMap(paper))).toBeLessThan(1e-5);
  expect(largestDifference(at(17, 3).flat(), [17, 3].flatMap(paper))).toBeLessThan(1e-5);
  const run = compile((x: Tensor) => positions.forward(x).add(x.mul(0)));
  const y = await run([new Array(20).fill(new Array(C).fill(0))]);
  await run.dispose();
  expect(largestDifference(y.data, Array.from({ length: 20 }, (_, p) => paper(p)).flat())).toBeLessThan(1e-5);
  const [B, T] = [symbol('B'), symbol('T')];
  expect(positions.forward(input('x', [B, T, C]), input('p', [B, T], 'int32')).shape).toEqual([B, T, C]);
});

test('PE(p + k) is one linear map of PE(p): each pair turned by kθ', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(200), (p, k) => {
      const [before, after] = at(p, p + k) as [number[], number[]];
      const turned = before.map((v, i) => {
        const angle = k / 10000 ** ((i - (i % 2)) / C);
        const other = before[i ^ 1] as number;
        return i % 2 === 0 ? v * Math.cos(angle) + other * Math.sin(angle) : v * Math.cos(angle) - other * Math.sin(angle);
      });
      expect(largestDifference(after, turned)).toBeLessThan(1e-4);
    }),
    { numRuns: 40 },
  );
});

test('what cannot be is refused', () => {
  expect(() => new SinusoidalPositions(7)).toThrow('sinusoidal positions: an even width: sines and cosines come in pairs; got 7.');
  expect(() => new SinusoidalPositions(0)).toThrow(/an even width/);
  expect(() => new SinusoidalPositions(4, { base: -1 })).toThrow(/a base above 0; got -1/);
  expect(() => positions.forward(input('x', [2, 3, C]), input('p', [3], 'int32'))).toThrow(/int32, \[1\] for the first token's position/);
});
