import { afterAll, describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { type ActivationName, activation, activations, Embedding, LayerNorm, Linear, Mlp, type Module } from '#dist/nn/index.js';
import { evaluate, input, type Parameter, type RefArray, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../support/arrays.js';
import { affine, numbers, rowsOf } from './arrays.js';

const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));

/** Gives every parameter numbers that show: biases of zero would hide a bias that is not added. */
function shuffle(module: Module): void {
  for (const [name, p] of module.parameters()) p.value = new HostArray(Float32Array.from(numbers(name, p.shape).data), p.shape, 'float32');
}
const matrix = (p: Parameter): number[][] => rowsOf(p.value as { shape: readonly number[]; data: Float32Array });
const vector = (p: Parameter | undefined): number[] => (p === undefined ? [] : Array.from(p.value.data as Float32Array));

/** What a layer makes of x in float64, after ONNX Runtime has been seen to agree. */
async function results(forward: (x: Tensor) => Tensor, x: RefArray, dtype: 'float32' | 'int32' = 'float32'): Promise<RefArray> {
  const symbol = input('x', x.shape, dtype);
  const exact = evaluate([forward(symbol)], new Map([[symbol, x]]))[0] as RefArray;
  const data = dtype === 'int32' ? Int32Array.from(x.data) : Float32Array.from(x.data);
  const f = compile(forward);
  made.push(f);
  const run = await f(new HostArray(data, x.shape, dtype));
  expect(run.shape).toEqual(exact.shape);
  expect(relativeDifference(run.data, exact.data)).toBeLessThan(1e-5);
  return exact;
}

function close(got: RefArray, want: readonly (readonly number[])[]): void {
  expect(relativeDifference(got.data, want.flat())).toBeLessThan(1e-12);
}

const x = numbers('x', [2, 3, 4]);

test.each([true, false])('Linear: y = x W + b, bias %s', async (bias) => {
  const layer = new Linear(4, 5, { bias });
  shuffle(layer);
  expect(layer.bias !== undefined).toBe(bias);
  const y = await results((t) => layer.forward(t), x);
  expect(y.shape).toEqual([2, 3, 5]);
  close(y, affine(rowsOf(x), matrix(layer.weight), vector(layer.bias)));
});

describe('Embedding', () => {
  const table = new Embedding(7, 4);
  shuffle(table);
  const rows = matrix(table.weight);

  test('looks rows up', async () => {
    const ids = [3, 0, 6, 6, 1, 2];
    const y = await results((t) => table.forward(t), { shape: [2, 3], data: Float64Array.from(ids) }, 'int32');
    expect(y.shape).toEqual([2, 3, 4]);
    close(
      y,
      ids.map((i) => rows[i] as number[]),
    );
  });

  test('scores by every row: x · rowᵀ', async () => {
    const y = await results((t) => table.scores(t), x);
    expect(y.shape).toEqual([2, 3, 7]);
    close(
      y,
      rowsOf(x).map((v) => rows.map((r) => r.reduce((s, w, k) => s + w * (v[k] as number), 0))),
    );
  });
});

test.each([
  [true, undefined],
  [false, 0.1],
] as const)('LayerNorm: (x − μ)/√(σ² + ε)·w + b, bias %s, ε %s', async (bias, epsilon) => {
  const norm = new LayerNorm(4, { bias, ...(epsilon !== undefined && { epsilon }) });
  expect(vector(norm.weight)).toEqual([1, 1, 1, 1]);
  shuffle(norm);
  const y = await results((t) => norm.forward(t), x);
  const [w, b] = [vector(norm.weight), vector(norm.bias)];
  close(
    y,
    rowsOf(x).map((row) => {
      const mean = row.reduce((a, v) => a + v, 0) / 4;
      const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / 4;
      return row.map((v, i) => ((v - mean) / Math.sqrt(variance + (epsilon ?? 1e-5))) * (w[i] as number) + (b[i] ?? 0));
    }),
  );
});

/** Activations by their papers' formulas; the normal distribution by Simpson's rule. */
const phi = (v: number): number => {
  const n = 400;
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(v);
  for (let i = 1; i < n; i++) sum += (i % 2 === 1 ? 4 : 2) * density((v * i) / n);
  return 0.5 + (sum * v) / (3 * n);
};
const tanhGelu = (v: number): number => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
const silu = (v: number): number => v / (1 + Math.exp(-v));
const formulas: Record<ActivationName, (v: number) => number> = {
  gelu: (v) => v * phi(v),
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  linear: (v) => v,
  relu: (v) => Math.max(v, 0),
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  silu,
  swish: silu,
  tanh: Math.tanh,
};

describe('activations', () => {
  test.each(Object.keys(activations) as ActivationName[])('%s is its formula', async (name) => {
    const y = await results(activation(name), x);
    expect(relativeDifference(y.data, Array.from(x.data, formulas[name]))).toBeLessThan(1e-10);
  });

  test('an unknown name lists the known ones', () => {
    expect(() => activation('gelu2')).toThrow(/^activation: one of gelu, gelu_new, .*; got "gelu2"\.$/);
    expect(() => activation('toString')).toThrow('got "toString"');
  });
});

test('Mlp: f(x W₁ + b₁) W₂ + b₂, with its sites', async () => {
  const mlp = new Mlp({ width: 4, hidden: 6, activation: 'gelu_new' });
  shuffle(mlp);
  const y = await results((t) => mlp.forward(t), x);
  const pre = affine(rowsOf(x), matrix(mlp.up.weight), vector(mlp.up.bias));
  const post = pre.map((row) => row.map(tanhGelu));
  close(y, affine(post, matrix(mlp.down.weight), vector(mlp.down.bias)));
  const symbol = input('x', [2, 3, 4]);
  const sites = sitesOf([mlp.forward(symbol)]);
  expect([...sites.keys()]).toEqual(['pre', 'post', 'output']);
  const [gotPre, gotPost] = evaluate([...sites.values()], new Map([[symbol, x]])) as [RefArray, RefArray];
  close(gotPre, pre);
  close(gotPost, post);
  expect(new Mlp({ width: 3, activation: 'relu', bias: false }).parameterCount).toBe(2 * 3 * 12);
});
