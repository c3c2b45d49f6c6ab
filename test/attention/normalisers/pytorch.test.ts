import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import {
  hardNormaliser,
  type Normaliser,
  SinkSoftmax,
  sigmoidNormaliser,
  softmaxNormaliser,
  softmaxPlusOne,
} from '#dist/attention/index.js';
import { parseSafetensors } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { fixture, relativeDifference } from '../../support/arrays.js';

/** Made by test/fixtures/normalisers.py. */
const made = parseSafetensors(readFileSync(fixture('normalisers.safetensors')));
const [scores, cotangent, sinks, mask] = await Promise.all(['scores', 'cotangent', 'sinks', 'mask'].map((name) => made.load(name)));
const allowed = new HostArray(Uint8Array.from(mask?.data as ArrayLike<number>), mask?.shape as number[], 'bool');
const sink = new SinkSoftmax({ heads: 3 });
sink.sinks.value = sinks as HostArray;

const cases: readonly { readonly name: string; readonly ours: Normaliser }[] = [
  { name: 'softmax', ours: softmaxNormaliser() },
  { name: 'temperature', ours: softmaxNormaliser({ temperature: 0.4 }) },
  { name: 'sinks', ours: (s, inputs) => sink.forward(s, inputs) },
  { name: 'plus_one', ours: softmaxPlusOne() },
  { name: 'sigmoid', ours: sigmoidNormaliser({ bias: -1.5 }) },
  { name: 'hard', ours: hardNormaliser({ temperature: 0.6 }) },
];
const cleanup: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(cleanup.map((f) => f())));

describe(`PyTorch ${made.metadata.torch}`, () => {
  test.each(cases)('$name: weights and gradients', async ({ name, ours }) => {
    const run = compile((s: Tensor, c: Tensor, m: Tensor) => {
      const weights = ours(s, { mask: m, everyQueryAttends: false });
      const by = name === 'sinks' ? [s, parameterTensor(sink.sinks)] : [s];
      return { weights, grads: [...gradients(weights, by, c)] };
    });
    cleanup.push(() => run.dispose());
    const { weights, grads } = await run(scores as HostArray, cotangent as HostArray, allowed);
    expect(relativeDifference(weights.data, (await made.load(`${name}/weights`)).data)).toBeLessThan(1e-6);
    expect(relativeDifference(grads[0]?.data, (await made.load(`${name}/scores`)).data)).toBeLessThan(2e-6);
    if (name === 'sinks') expect(relativeDifference(grads[1]?.data, (await made.load('sinks/sinks')).data)).toBeLessThan(2e-6);
  });
});
