import { describe, expect, test } from 'vitest';
import { Attention, causal, MultiHeadAttention } from '#dist/attention/index.js';
import type { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { LayerNorm, Mlp, Module, ReversibleLayers } from '#dist/nn/index.js';
import { encodeModel } from '#dist/onnx/index.js';
import { dropout, input, parameterTensor, reversible, sigmoid, type Tensor, tanh } from '#dist/ops/index.js';
import { compile, lowerProgram } from '#dist/runtime/index.js';
import { floats } from '../attention/long/compare.js';
import { peakOf } from '../ops/peak.js';
import { relativeDifference } from '../support/arrays.js';

/** A residual function with its norm before it, as a Transformer's. */
class Normed extends Module {
  readonly norm: LayerNorm;
  constructor(
    readonly inner: Module & { forward(x: Tensor): Tensor },
    width: number,
    readonly rate = 0,
  ) {
    super();
    this.norm = new LayerNorm(width);
  }
  forward(x: Tensor): Tensor {
    return dropout(this.inner.forward(this.norm.forward(x)), this.rate);
  }
}

const layersOf = (depth: number, width: number, rate = 0): ReversibleLayers =>
  new ReversibleLayers(
    Array.from({ length: depth }, () => ({
      f: new Normed(new MultiHeadAttention({ width, heads: 2, attention: new Attention({ mask: causal }) }), width, rate),
      g: new Normed(new Mlp({ width, activation: 'gelu' }), width, rate),
    })),
  );

/** The same layers by plain sums, whose backward pass keeps everything. */
function ordinary({ layers }: ReversibleLayers, x: Tensor): Tensor {
  let [x1, x2] = [x, x];
  for (const { f, g } of layers) {
    x1 = x1.add(f.forward(x2));
    x2 = x2.add(g.forward(x1));
  }
  return x1.add(x2).mul(0.5);
}

describe.each([
  [1, 0],
  [4, 0],
  [12, 0],
  [3, 0.25],
])('%i layers, dropout %f', (depth, rate) => {
  test('value and every gradient are those of the ordinary layers within 1e-5', async () => {
    const stack = layersOf(depth, 8, rate);
    const own = [...stack.parameters()];
    const outputs = async (forward: (x: Tensor) => Tensor): Promise<Record<string, HostArray>> => {
      const run = compile(
        (x: Tensor, weights: Tensor) => {
          const y = forward(x);
          const grads = gradients(y, [x, ...own.map(([, p]) => parameterTensor(p))], weights);
          return { y, ...Object.fromEntries(['x', ...own.map(([name]) => name)].map((name, i) => [name, grads[i] as Tensor])) };
        },
        { training: { seed: 3 } },
      );
      const results = (await run(floats('x', [2, 5, 8]), floats('weights', [2, 5, 8]))) as Record<string, HostArray>;
      await run.dispose();
      return results;
    };
    // Called through one module, so that masks draw the same streams.
    const plain = new (class extends Module {
      readonly stack = stack;
      forward(x: Tensor): Tensor {
        return ordinary(this.stack, x);
      }
    })();
    const around = new (class extends Module {
      readonly stack = stack;
      forward(x: Tensor): Tensor {
        return this.stack.forward(x);
      }
    })();
    const want = await outputs((x) => plain.forward(x));
    const found = await outputs((x) => around.forward(x));
    expect(Object.keys(want).length).toBe(2 + own.length);
    for (const [name, { data }] of Object.entries(want)) {
      // A bias of keys has no effect, its gradient is rounding.
      if (!name.endsWith('key.bias')) expect(relativeDifference(found[name]?.data, data), name).toBeLessThan(1e-5);
    }
  });
});

test('activation memory does not grow with depth, and the ordinary layers’ does', async () => {
  const [length, width] = [2048, 64];
  const job = (depth: number, isReversible: boolean) => {
    const weights = Array.from({ length: 2 * depth }, (_, i) => input(`w${i}`, [width, width], 'float32'));
    const x = input('x', [length, width], 'float32');
    const fn =
      (i: number) =>
      (a: Tensor): Tensor =>
        tanh(sigmoid(a.matmul(weights[i] as Tensor, { scale: 0.1 })).mul(a));
    const blocks = Array.from({ length: depth }, (_, i) => ({ f: fn(2 * i), g: fn(2 * i + 1) }));
    let [y1, y2] = [x, x];
    if (isReversible) [y1, y2] = reversible(blocks, x, x);
    else {
      for (const { f, g } of blocks) {
        y1 = y1.add(f(y2));
        y2 = y2.add(g(y1));
      }
    }
    const grads = gradients(y1.mul(y2).sum(), weights);
    const inputs = [x, ...weights].map((t, i) => ({ name: i === 0 ? 'x' : `w${i - 1}`, spec: t }));
    const { model } = lowerProgram(Object.fromEntries(grads.map((g, i) => [`g${i}`, g])), inputs);
    const feeds = inputs.map(({ name, spec }) => [
      name,
      { type: 'float32', dims: spec.shape as number[], data: floats(name, spec.shape as number[]).data },
    ]);
    return { model: encodeModel(model), feeds: Object.fromEntries(feeds) };
  };
  const peaks = [];
  for (const isReversible of [true, false]) for (const depth of [4, 16]) peaks.push((await peakOf(job(depth, isReversible))) / 1024);
  const [few, many, fewKept, manyKept] = peaks as [number, number, number, number];
  console.log(
    `reversible: 4 and 16 layers add ${few.toFixed(1)} and ${many.toFixed(1)} MB; ordinary ${fewKept.toFixed(1)} and ${manyKept.toFixed(1)} MB`,
  );
  const stream = (length * width * 4) / 2 ** 20;
  expect(many - few).toBeLessThan(2 * stream);
  expect(manyKept - fewKept).toBeGreaterThan(24 * stream);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'streams that differ',
    () => reversible([], input('a', [2, 3], 'float32'), input('b', [3, 2], 'float32')),
    /a second stream like the first/,
  ],
  ['a function that changes the shape', () => widened(), /functions that keep the shape, \[2,3\]/],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

function widened(): unknown {
  const x = input('x', [2, 3], 'float32');
  return reversible([{ f: (a) => a.sum({ axis: 1 }), g: (a) => a }], x, x);
}
