import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { Chunked, Mlp } from '#dist/nn/index.js';
import { encodeModel } from '#dist/onnx/index.js';
import {
  type CrossEntropyOptions,
  crossEntropy,
  crossEntropyInChunks,
  inChunks,
  input,
  parameterTensor,
  type Tensor,
} from '#dist/ops/index.js';
import { compile, lowerProgram, sitesOf } from '#dist/runtime/index.js';
import { floats } from '../attention/long/compare.js';
import { relativeDifference } from '../support/arrays.js';
import { peakOf } from './peak.js';

const ints = (shape: readonly number[], rule: (i: number) => number): HostArray =>
  new HostArray(
    Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => rule(i)),
    shape,
    'int32',
  );

function expectEqual(found: Record<string, HostArray>, want: Record<string, HostArray>, note: string): void {
  for (const [name, { data }] of Object.entries(want))
    expect(relativeDifference(found[name]?.data, data), `${note} ${name}`).toBeLessThan(1e-5);
}

describe('cross-entropy in chunks is cross-entropy', () => {
  test.each<[string, CrossEntropyOptions]>([
    ['mean', {}],
    ['sum', { reduction: 'sum' }],
    ['each row', { reduction: 'none' }],
    ['ignored targets', { ignore: -100 }],
    ['smoothed labels, weighted classes', { labelSmoothing: 0.2, ignore: -100, weights: [1, 2, 0.5, 3, 1, 0.25, 1] }],
  ])('%s: any rows, any chunk, value and gradients', async (_, options) => {
    const V = 7;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 23 }), fc.integer({ min: 1, max: 25 }), async (N, chunk) => {
        const results = async (inParts: boolean): Promise<Record<string, HostArray>> => {
          const run = compile((hidden: Tensor, weight: Tensor, targets: Tensor) => {
            const scores = (x: Tensor): Tensor => x.matmul(weight, { transposeB: true });
            const loss = inParts
              ? crossEntropyInChunks(hidden, targets, scores, { chunk, ...options })
              : crossEntropy(scores(hidden), targets, options);
            const [dh, dw] = gradients(loss.mul(loss).sum(), [hidden, weight]) as [Tensor, Tensor];
            return { loss, dh, dw };
          });
          const targets = ints([N], (i) => (options.ignore !== undefined && i % 4 === 1 ? -100 : (i * 5) % V));
          const found = await run(floats('hidden', [N, 3]), floats('weight', [V, 3]), targets);
          await run.dispose();
          return found;
        };
        expectEqual(await results(true), await results(false), `N ${N}, chunk ${chunk}`);
      }),
      { numRuns: 6 },
    );
  });

  test('logits of all rows are never held', async () => {
    const [N, C, V] = [2048, 32, 4096];
    const job = (inParts: boolean) => {
      const [hidden, weight, targets] = [
        input('hidden', [N, C], 'float32'),
        input('weight', [V, C], 'float32'),
        input('targets', [N], 'int32'),
      ];
      const scores = (x: Tensor): Tensor => x.matmul(weight, { transposeB: true });
      const loss = inParts ? crossEntropyInChunks(hidden, targets, scores, { chunk: 128 }) : crossEntropy(scores(hidden), targets);
      const [dh, dw] = gradients(loss, [hidden, weight]) as [Tensor, Tensor];
      const inputs = [hidden, weight, targets].map((spec, i) => ({ name: ['hidden', 'weight', 'targets'][i] as string, spec }));
      const { model } = lowerProgram({ loss, dh, dw }, inputs);
      const feeds = {
        hidden: { type: 'float32', dims: [N, C], data: floats('h', [N, C]).data as Float32Array },
        weight: { type: 'float32', dims: [V, C], data: floats('w', [V, C]).data as Float32Array },
        targets: { type: 'int32', dims: [N], data: Int32Array.from({ length: N }, (_, i) => i) },
      };
      return { model: encodeModel(model), feeds };
    };
    const [parts, whole] = [(await peakOf(job(true))) / 1024, (await peakOf(job(false))) / 1024];
    console.log(
      `cross-entropy: the run adds ${Math.round(parts)} MB in chunks, ${Math.round(whole)} MB at once; logits are ${(N * V * 4) / 2 ** 20} MB`,
    );
    expect(parts).toBeLessThan((N * V * 4) / 2 ** 20);
    expect(whole).toBeGreaterThan(2 * ((N * V * 4) / 2 ** 20));
  });
});

describe('Chunked', () => {
  test.each([1, 4, 5, 100])('a feed-forward network, %i positions at a time, is itself', async (chunk) => {
    const mlp = new Mlp({ width: 4, activation: 'gelu' });
    const own = [...mlp.parameters()];
    const results = async (forward: (x: Tensor) => Tensor): Promise<Record<string, HostArray>> => {
      const run = compile((x: Tensor, weights: Tensor) => {
        const y = forward(x);
        const found = gradients(y, [x, ...own.map(([, p]) => parameterTensor(p))], weights);
        return { y, ...Object.fromEntries(['x', ...own.map(([name]) => name)].map((name, i) => [name, found[i] as Tensor])) };
      });
      const all = (await run(floats('x', [2, 5, 4]), floats('weights', [2, 5, 4]))) as Record<string, HostArray>;
      await run.dispose();
      return all;
    };
    const chunked = new Chunked(mlp, chunk);
    expect([...chunked.parameters().keys()]).toEqual(own.map(([name]) => `module.${name}`));
    expectEqual(await results((x) => chunked.forward(x)), await results((x) => mlp.forward(x)), `chunk ${chunk}`);
  });

  test('sites are stacked by chunk', () => {
    const chunked = new Chunked(new Mlp({ width: 4, activation: 'gelu' }), 5);
    const sites = sitesOf([chunked.forward(input('x', [2, 5, 4], 'float32'))]);
    expect(sites.get('module.post')?.shape).toEqual([2, 5, 16]);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a chunk of nothing', () => inChunks((x) => x as Tensor, 0), /a chunk of a whole number of rows from 1; got 0/],
  ['different numbers of rows', () => inChunks((x) => x as Tensor, 2)(rows(3), rows(4)), /one known number of rows; got \[3,2\].*\[4,2\]/],
  [
    'a function that mixes rows',
    () => inChunks((x) => (x as Tensor).sum({ axis: 0 }).reshape([1, 2]), 2)(rows(4)),
    /a row for each row; got \[1,2\]/,
  ],
  ['targets of two axes', () => crossEntropyInChunks(rows(4), rows(4), (x) => x, { chunk: 2 }), /hidden \[N,C\] and targets \[N\]/],
  ['dropout inside', () => droppedInside(), /no dropout within chunks.*got a mask/],
])('refuses %s', async (_, make, message) => {
  await expect((async () => make())()).rejects.toThrow(message);
});

function rows(n: number): Tensor {
  return input('x', [n, 2], 'float32');
}

async function droppedInside(): Promise<unknown> {
  const mlp = new Chunked(new Mlp({ width: 4, activation: 'gelu', dropout: 0.5 }), 2);
  return compile((x: Tensor) => mlp.forward(x), { training: { seed: 0 } })(floats('x', [1, 4, 4]));
}
