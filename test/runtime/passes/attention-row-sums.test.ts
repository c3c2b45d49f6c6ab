import { describe, expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { dropout, input, matmul, softmax, type Tensor, withTraining } from '#dist/ops/index.js';
import { attentionRowSums, optimize } from '#dist/runtime/passes/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

const [B, H, T, D] = [2, 2, 5, 3];
const [q, k, v, seed] = ['q', 'k', 'v', 'g'].map((name) => input(name, [B, H, T, D])) as [Tensor, Tensor, Tensor, Tensor];
const feeds = drawFeeds([q, k, v, seed]);

/** Two query heads over each of k and v, as `attention/groups` multiplies them: a group's rows are those of one matrix. */
const [grouped, groupedSeed] = ['grouped', 'groupedSeed'].map((name) => input(name, [B, 2 * H, T, D])) as [Tensor, Tensor];
const all = new Map([...feeds, ...drawFeeds([grouped, groupedSeed], 2)]);
const perGroup = (x: Tensor, product: (rows: Tensor) => Tensor): Tensor => {
  const y = product(x.reshape([B, H, 2 * T, x.shape[3] as number]));
  return y.reshape([B, 2 * H, T, y.shape[3] as number]);
};

/** Attention's output and its gradients, as training traces them. */
function attention(rate: number, isGrouped: boolean): readonly Tensor[] {
  if (isGrouped) {
    return withTraining(true, () => {
      const pattern = softmax(perGroup(grouped, (rows) => matmul(rows, k, { transposeB: true, scale: 0.5 })));
      const mixed = perGroup(dropout(pattern, rate), (rows) => matmul(rows, v));
      return [mixed, ...gradients(mixed, [grouped, k, v], groupedSeed)];
    });
  }
  return withTraining(true, () => {
    const pattern = softmax(matmul(q, k, { transposeB: true, scale: 0.5 }));
    const mixed = matmul(dropout(pattern, rate), v);
    return [mixed, ...gradients(mixed, [q, k, v], seed)];
  });
}

/** Row sums over T long rows become row sums over D long ones. */
function widthsOfRowSums(outputs: readonly Tensor[]): number[] {
  const seen = new Set<Tensor>();
  const widths: number[] = [];
  const visit = (t: Tensor): void => {
    if (seen.has(t)) return;
    seen.add(t);
    if (t.node.op.name === 'sum' && (t.node.attrs as { keep: boolean }).keep) widths.push(Number(t.node.inputs[0]?.shape.at(-1)));
    t.node.inputs.forEach(visit);
  };
  outputs.forEach(visit);
  return widths;
}

describe.each([
  ['without dropout', 0, false],
  ['with dropout', 0.4, false],
  ['of grouped queries', 0, true],
  ['of grouped queries with dropout', 0.4, true],
])('attention %s', (_, rate, isGrouped) => {
  test('sums dO∘O instead of dP∘P, with the same gradients', async () => {
    const outputs = attention(rate, isGrouped);
    const done = attentionRowSums(outputs);
    expect(widthsOfRowSums(outputs)).toEqual([T]);
    expect(widthsOfRowSums(done)).toEqual([D]);
    expect(difference(outputs, done, all)).toBeLessThan(1e-12);
    const [before, after] = [await runAsIs(outputs, all), await runAsIs(done, all)];
    for (const [i, y] of after.entries()) expect(relativeDifference(y.data, before[i]?.data)).toBeLessThan(2e-6);
  });

  test('and still does behind the other passes', () => {
    const outputs = attention(rate, isGrouped);
    const done = optimize(outputs);
    expect(widthsOfRowSums(done)).toEqual([D]);
    expect(difference(outputs, done, all)).toBeLessThan(1e-6);
  });
});

describe('what looks like it', () => {
  const pattern = softmax(matmul(q, k, { transposeB: true }));
  const mixed = matmul(pattern, v);
  const dP = matmul(seed, v, { transposeB: true });
  const rowSum = (t: Tensor): Tensor => t.sum({ axis: -1, keep: true });
  const mask = input('mask', [B, H, T, T]);
  const others = drawFeeds([q, k, v, seed, mask], 1);

  test('the plain form is recognised: these tests could fail', () => {
    const outputs = [mixed, rowSum(dP.mul(pattern))];
    expect(widthsOfRowSums(attentionRowSums(outputs))).toEqual([D]);
    expect(difference(outputs, attentionRowSums(outputs), others)).toBeLessThan(1e-12);
  });

  test('scales of both products are kept apart', () => {
    const outputs = [matmul(pattern, v, { scale: 4 }), rowSum(matmul(seed, v, { transposeB: true, scale: 3 }).mul(pattern))];
    const done = attentionRowSums(outputs);
    expect(widthsOfRowSums(done)).toEqual([D]);
    expect(difference(outputs, done, others)).toBeLessThan(1e-12);
  });

  test.each<[string, () => readonly Tensor[]]>([
    ['rows of another length', () => [mixed, rowSum(dP.reshape([B, H, T * T, 1]).mul(pattern.reshape([B, H, T * T, 1])))]],
    ['other values', () => [matmul(pattern, k), rowSum(dP.mul(pattern))]],
    ['one factor more in the sum', () => [mixed, rowSum(dP.mul(pattern).mul(mask))]],
    ['one factor more in the product', () => [matmul(pattern.mul(mask), v), rowSum(dP.mul(pattern))]],
    ['a factor twice in the product, two in the sum', () => [matmul(pattern.mul(pattern), v), rowSum(dP.mul(pattern).mul(mask))]],
    ['a factor twice in the sum, two in the product', () => [matmul(pattern.mul(mask), v), rowSum(dP.mul(pattern).mul(pattern))]],
    ['dP twice', () => [mixed, rowSum(dP.mul(pattern).mul(dP))]],
    ['another axis', () => [mixed, dP.mul(pattern).sum({ axis: -2, keep: true })]],
    ['two axes', () => [mixed, dP.mul(pattern).sum({ axis: [-1, -2], keep: true })]],
    ['axes that are not kept', () => [mixed, dP.mul(pattern).sum({ axis: -1 })]],
    ['values that are not transposed', () => [mixed, rowSum(matmul(pattern, pattern).mul(pattern))]],
    ['a product with no output', () => [rowSum(dP.mul(pattern))]],
    ['an output scaled by nothing', () => [matmul(pattern, v, { scale: 0 }), rowSum(dP.mul(pattern))]],
    ['a pattern read transposed', () => [matmul(pattern, v, { transposeA: true }), rowSum(dP.mul(pattern))]],
    ['a factor that broadcasts', () => [mixed, rowSum(dP.mul(pattern.sum({ axis: 0, keep: true })))]],
  ])('is left alone: %s', (_, make) => {
    const outputs = make();
    const done = attentionRowSums(outputs);
    expect(opCounts(done)).toEqual(opCounts(outputs));
    expect(difference(outputs, done, others)).toBe(0);
  });
});
