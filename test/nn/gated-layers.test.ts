import { describe, expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { GatedMlp, gatedUnits, RmsNorm } from '#dist/nn/index.js';
import { erfNumber, evaluate, input, parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { centralDifferences, numbersOf } from '../grad/programs.js';
import { relativeDifference } from '../support/arrays.js';
import { affine, numbers, rowsOf } from './arrays.js';

type Matrix = { shape: readonly number[]; data: Float32Array };

test.each([false, true])('RmsNorm divides by the root mean square and scales; from one: %s', (fromOne) => {
  const norm = new RmsNorm(4, { epsilon: 1e-3, fromOne });
  const x = input('x', [3, 4]);
  const values = numbers('x', [3, 4]);
  expect([...norm.weight.value.data]).toEqual(new Array(4).fill(fromOne ? 0 : 1));
  norm.weight.value.data.set([2, -1, 0, 0.5] as never);
  const y = evaluate([norm.forward(x)], new Map([[x, values]]))[0] as RefArray;
  const want = rowsOf(values).flatMap((row) => {
    const root = Math.sqrt(row.reduce((s, v) => s + v * v, 0) / 4 + 1e-3);
    return row.map((v, i) => (v / root) * (([2, -1, 0, 0.5][i] as number) + (fromOne ? 1 : 0)));
  });
  expect(relativeDifference(y.data, want)).toBeLessThan(1e-12);
});

/** Section 2 of Shazeer 2020: what each unit does to the gate. */
const gates: Record<keyof typeof gatedUnits, (v: number) => number> = {
  GLU: (v) => 1 / (1 + Math.exp(-v)),
  Bilinear: (v) => v,
  ReGLU: (v) => Math.max(0, v),
  GEGLU: (v) => (v * (1 + erfNumber(v / Math.SQRT2))) / 2,
  SwiGLU: (v) => v / (1 + Math.exp(-v)),
};

describe.each(Object.keys(gatedUnits) as (keyof typeof gatedUnits)[])('GatedMlp, %s', (unit) => {
  const mlp = new GatedMlp({ width: 4, hidden: 6, activation: gatedUnits[unit], bias: true });
  for (const [name, p] of mlp.parameters()) p.value.data.set(Array.from(numbers(name, p.shape).data) as never);
  const x: Tensor = input('x', [3, 4]);
  const values = numbers('x', [3, 4]);
  const y = mlp.forward(x);

  test('is (f(x W_g) ∘ x W_u) W_d, with its sites', () => {
    const sites = sitesOf([y]);
    expect([...sites.keys()]).toEqual(['pre', 'post', 'output']);
    const layer = ({ weight, bias }: typeof mlp.gate, rows: readonly (readonly number[])[]): number[][] =>
      affine(rows, rowsOf(weight.value as Matrix), Array.from((bias?.value.data ?? []) as Float32Array));
    const pre = layer(mlp.gate, rowsOf(values));
    const up = layer(mlp.up, rowsOf(values));
    const post = pre.map((row, r) => row.map((v, c) => gates[unit](v) * (up[r]?.[c] as number)));
    const got = evaluate([...sites.values()], new Map([[x, values]])) as RefArray[];
    for (const [i, want] of [pre, post, layer(mlp.down, post)].entries())
      expect(relativeDifference(got[i]?.data, want.flat())).toBeLessThan(1e-12);
  });

  test('has the gradients that central differences give', () => {
    const by = [x, ...[...mlp.parameters().values()].map(parameterTensor)];
    const feeds = new Map([x, ...by.slice(1)].map((t, i) => [t, numbers(`g${i}`, t.shape as readonly number[])]));
    const loss = y.mul(y).add(y).sum();
    gradients(loss, by).forEach((g, i) => {
      expect(relativeDifference(numbersOf(g, feeds), centralDifferences(loss, by[i] as Tensor, feeds)), `${i}`).toBeLessThan(1e-6);
    });
  });
});
