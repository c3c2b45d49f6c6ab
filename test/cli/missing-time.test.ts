import { expect, test } from 'vitest';
import { BestProduct } from '#dist/cli/bench/best-product.js';
import { missingTime } from '#dist/cli/bench/missing-time.js';

const kind = (name: string, ms: number) => ({ kind: name, nodes: 1, ms, percent: 10 * ms });
const operators = { runs: 1, ms: 10, kinds: [kind('Gemm', 5), kind('FusedMatMul', 2), kind('Mul', 1.5), kind('Softmax', 1)], between: 0.5 };

test('what is missing and the ideal time together are the whole step', () => {
  const missing = missingTime(operators, 6, 2);
  expect(missing.map((m) => [m.what, m.ms])).toEqual([
    ['outside ONNX Runtime', 2],
    ['Mul', 1.5],
    ['products slower than the best', 1],
    ['Softmax', 1],
    ['between operators', 0.5],
  ]);
  expect(6 + missing.reduce((sum, m) => sum + m.ms, 0)).toBeCloseTo(12, 10);
  expect(missing[0]?.percent).toBeCloseTo((100 * 2) / 12, 10);
});

test('the best product is a rate, and only rises', async () => {
  const product = await BestProduct.create(1);
  try {
    const first = await product.measure();
    expect(first).toBeGreaterThan(0);
    expect(await product.measure()).toBeGreaterThanOrEqual(first);
  } finally {
    await product.dispose();
  }
});
