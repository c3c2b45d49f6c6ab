import { afterAll, describe, expect, test } from 'vitest';
import {
  and,
  causal,
  dilated,
  fixed,
  fixedFar,
  fixedLocal,
  fromPositions,
  fromTable,
  globalTokens,
  gridWindows,
  type Mask,
  not,
  or,
  padding,
  perHead,
  placesOf,
  prefix,
  sameDocument,
  shiftedWindows,
  slidingWindow,
  strided,
  stridedFar,
  stridedLocal,
  withinLengths,
} from '#dist/attention/index.js';
import { HostArray, host, symbol } from '#dist/core/index.js';
import { constant, input } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { inOrder, placesAt, positions, type Rule, saidBy, saidByRule } from './support.js';

const [B, H, T] = [2, 2, 5];
/** More positions than any place below. */
const N = 16;
const cleanup: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(cleanup.map((f) => f())));

const real = [Array.from({ length: N }, (_, n) => n % 3 !== 1), Array.from({ length: N }, (_, n) => n < 6)];
const documents = [Array.from({ length: N }, (_, n) => n % 3), Array.from({ length: N }, (_, n) => Math.floor(n / 4))];
const isGlobal = [Array.from({ length: N }, (_, n) => n === 3), Array.from({ length: N }, (_, n) => n % 7 === 0)];
const at = <X>(table: readonly (readonly X[])[], b: number, n: number): X => table[b]?.[n] as X;
const block = (p: number, size: number): number => Math.floor(p / size);

const rules: readonly (readonly [name: string, mask: Mask, rule: Rule])[] = [
  ['causal', causal, (i, j) => j <= i],
  ['padding', padding(constant(host(real))), (_, j, b) => at(real, b, j)],
  ['withinLengths', withinLengths(constant(host([4, 7], { dtype: 'int32' }))), (_, j, b) => j < (b === 0 ? 4 : 7)],
  ['prefix', prefix(3), (i, j) => j <= i || j < 3],
  ['prefix of each text', prefix(constant(host([2, 5], { dtype: 'int32' }))), (i, j, b) => j <= i || j < (b === 0 ? 2 : 5)],
  ['sameDocument', sameDocument(constant(host(documents, { dtype: 'int32' }))), (i, j, b) => at(documents, b, i) === at(documents, b, j)],
  ['slidingWindow', slidingWindow(3), (i, j) => i - j < 3 && j - i < 3],
  ['slidingWindow(1)', slidingWindow(1), (i, j) => i === j],
  ['dilated', dilated(2, 3), (i, j) => Math.abs(i - j) < 6 && (i - j) % 3 === 0],
  ['dilated by 1', dilated(2, 1), (i, j) => Math.abs(i - j) < 2],
  ['stridedLocal', stridedLocal(2), (i, j) => j <= i && j >= i - 2],
  ['stridedFar', stridedFar(3), (i, j) => j <= i && (i - j) % 3 === 0],
  ['strided', strided(3), (i, j) => j <= i && (j >= i - 3 || (i - j) % 3 === 0)],
  ['fixedLocal', fixedLocal(3), (i, j) => j <= i && block(i, 3) === block(j, 3)],
  ['fixedFar', fixedFar(4, 2), (i, j) => j <= i && j % 4 >= 2],
  ['fixed', fixed(4, 1), (i, j) => j <= i && (block(i, 4) === block(j, 4) || j % 4 === 3)],
  ['globalTokens', globalTokens([0, 5]), (i, j) => [i, j].some((p) => p === 0 || p === 5)],
  ['globalTokens of each text', globalTokens(constant(host(isGlobal))), (i, j, b) => at(isGlobal, b, i) || at(isGlobal, b, j)],
  ['gridWindows', gridWindows({ gridWidth: 4, window: 2 }), (i, j) => block(i, 8) === block(j, 8) && block(i % 4, 2) === block(j % 4, 2)],
  ['shiftedWindows by 0', shiftedWindows({ gridWidth: 3, window: 1 }), (i, j) => i === j],
  ['fromPositions', fromPositions((i, j) => i.sub(j).equal(1)), (i, j) => i - j === 1],
  ['fromTable', fromTable(N, (i, j) => (i ^ j) < 4), (i, j) => (i ^ j) < 4],
  ['and', and(causal, slidingWindow(2), prefix(9)), (i, j) => j <= i && i - j < 2],
  ['or', or(slidingWindow(2), globalTokens([0])), (i, j) => Math.abs(i - j) < 2 || i === 0 || j === 0],
  ['not', not(causal), (i, j) => j > i],
  ['perHead', perHead([causal, slidingWindow(1)]), (i, j, _, h) => (h === 0 ? j <= i : i === j)],
  [
    'perHead, of which one knows texts',
    perHead([causal, padding(constant(host(real)))]),
    (i, j, b, h) => (h === 0 ? j <= i : at(real, b, j)),
  ],
];

describe.each(rules.map(([name, mask, rule]) => ({ name, mask, rule })))('$name', ({ mask, rule }) => {
  test('of tokens in order', () => {
    const [queries, keys] = [inOrder(T, B), inOrder(9, B)];
    expect(mask(placesOf(T, 9)).dtype).toBe('bool');
    expect(saidBy(mask, placesOf(T, 9), [B, H, T, 9])).toEqual(saidByRule(rule, queries, keys, H));
  });

  test('of tokens anywhere', () => {
    const { places, feeds } = placesAt(positions, T);
    const queries = positions.map((row) => row.slice(0, T));
    expect(saidBy(mask, places, [B, H, T, positions[0]?.length ?? 0], feeds)).toEqual(saidByRule(rule, queries, positions, H));
  });

  test('in ONNX Runtime, of a length that is named', async () => {
    const length = symbol('T');
    const x = input('x', [length]);
    const m = mask(placesOf(length, length)).expand([B, H, length, length]);
    const program = await Program.create(lowerProgram({ m }, [{ name: 'x', spec: x }]));
    cleanup.push(() => program.dispose());
    for (const n of [1, 11]) {
      const result = (await program.run({ x: new HostArray(new Float32Array(n), [n], 'float32') })).m as HostArray;
      expect(Array.from(result.data as Uint8Array, (v) => v === 1)).toEqual(saidByRule(rule, inOrder(n, B), inOrder(n, B), H));
    }
  });
});
