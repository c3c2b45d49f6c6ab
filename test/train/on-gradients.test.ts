import { describe, expect, test } from 'vitest';
import { ignored, type TokenBatch } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { type EngineTensor, engineTensor, Session } from '#dist/runtime/index.js';
import { constant, type Gradients, type TrainOptions, traceStep, train } from '#dist/train/index.js';
import { largestDifference, relativeDifference } from '../support/arrays.js';
import { madeData, scattered } from './bigram.js';

const [vocabulary, context] = [13, 8];
const make = () => new GPT2({ vocabulary, context, layers: 1, heads: 2, width: 16, seed: 4 });
const valuesOf = (m: GPT2): Gradients =>
  Object.fromEntries([...m.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()]));

/** Row r of batch i. With `ragged`, all but the first r % 4 + 1 of its targets are ignored. */
function rowsOf(i: number, rows: readonly number[], length: number, ragged: boolean): TokenBatch {
  const row = (stream: number): Int32Array[] => rows.map((r) => scattered(vocabulary, 1000 * i + 10 * r + stream, length));
  const cut = (ids: Int32Array, r: number): Int32Array => ids.map((id, t) => (ragged && t > r % 4 ? ignored : id));
  const join = (parts: Int32Array[]): Int32Array => Int32Array.from(parts.flatMap((p) => [...p]));
  return { inputs: join(row(0)), targets: join(row(1).map((ids, k) => cut(ids, rows[k] as number))) };
}
const dataOf = (rows: readonly number[], ragged: boolean) =>
  madeData((i, count, length) => rowsOf(i, rows.slice(0, count), length, ragged), { hasIgnored: ragged });
const base = { steps: 6, schedule: constant(), inThread: true };

/** Meets the other worker: both get the mean of what they bring, weighted by how many targets each brings. */
class Exchange {
  #waiting: { gradients: Gradients; targets: number; resolve: (mean: Gradients) => void } | undefined;

  meet = (gradients: Gradients, _: number, targets: number): Promise<Gradients> =>
    new Promise((resolve) => {
      const other = this.#waiting;
      this.#waiting = other === undefined ? { gradients, targets, resolve } : undefined;
      if (other === undefined) return;
      const share = targets / (targets + other.targets);
      const mean = (): Gradients =>
        Object.fromEntries(
          Object.entries(gradients).map(([name, g]) => [
            name,
            g.map((x, i) => share * x + (1 - share) * (other.gradients[name]?.[i] as number)),
          ]),
        );
      other.resolve(mean());
      resolve(mean());
    });
}

describe('onGradients', () => {
  test.each([
    ['as many targets each', false],
    ['unequal numbers of targets', true],
  ])('two workers with half the rows, %s, that exchange means are one with all rows', async (_, ragged) => {
    const run = async (rows: readonly number[], more: Partial<TrainOptions>) => {
      const model = make();
      const norms: number[] = [];
      await train(model, {
        ...base,
        data: dataOf(rows, ragged),
        batch: rows.length,
        clip: 0.5,
        onStep: (r) => norms.push(r.gradientNorm),
        ...more,
      });
      return { values: valuesOf(model), norms };
    };
    const whole = await run([0, 1, 2, 3], {});
    const { meet } = new Exchange();
    const [a, b] = await Promise.all([run([0, 1], { onGradients: meet }), run([2, 3], { onGradients: meet })]);
    expect(a.values).toEqual(b.values);
    expect(a.norms).toHaveLength(6);
    expect(largestDifference(a.norms, whole.norms)).toBeLessThan(1e-5);
    for (const [name, values] of Object.entries(whole.values)) {
      expect(largestDifference(a.values[name], values), name).toBeLessThan(1e-5);
      expect(largestDifference(valuesOf(make())[name], values), name).toBeGreaterThan(1e-4);
    }
  });

  test('what is handed on unchanged gives the bits of a run without it, where the number of targets is a power of two', async () => {
    const data = dataOf([0, 1, 2, 3], false); // 4 · 8 targets: dividing by them is exact
    const run = async (more: Partial<TrainOptions>) => {
      const model = make();
      const norms: number[] = [];
      await train(model, { ...base, data, batch: 4, microBatch: 2, clip: 0, onStep: (r) => norms.push(r.gradientNorm), ...more });
      return { values: valuesOf(model), norms };
    };
    const plain = await run({});
    expect(await run({ onGradients: (g) => g })).toEqual(plain);
    expect(await run({ inThread: false, onGradients: async (g) => g })).toEqual(plain);
  });

  test('the gradients are those of the program that traceStep makes, divided by the targets', async () => {
    const data = dataOf([0, 1, 2, 3], true);
    let seen: Gradients = {};
    let count = 0;
    await train(make(), {
      ...base,
      data,
      batch: 4,
      steps: 1,
      onGradients: (g, _, targets) => {
        seen = structuredClone(g);
        count = targets;
        return g;
      },
    });
    expect(count).toBe(1 + 2 + 3 + 4);
    const model = make();
    const program = traceStep(model, { shape: { rows: 4, length: context }, hasIgnored: true }, {});
    const session = await Session.create(program.onnx, { device: 'cpu', threads: 1, optimize: false });
    const feeds: Record<string, EngineTensor> = {};
    const batch = await data.batches({ rows: 4, length: context }, 0)(0);
    for (const { name, shape } of program.inputs) feeds[name] = engineTensor('int32', batch[name as 'inputs'], shape);
    for (const { input, name, shape } of program.parameters)
      feeds[input] = engineTensor('float32', valuesOf(model)[name] as Float32Array, shape);
    const found = await session.run(feeds, Object.fromEntries(program.outputs.map((name) => [name, null])));
    await session.dispose();
    expect(Object.keys(seen)).toEqual([...model.parameters().keys()]);
    for (const [name, g] of Object.entries(seen)) {
      const sum = found[`gradient:${name}`]?.data as Float32Array;
      expect(
        relativeDifference(
          g.map((x) => x * count),
          sum,
        ),
        name,
      ).toBeLessThan(1e-6);
    }
  });

  test('what it returns must fit, and be finite', async () => {
    const options = { ...base, data: dataOf([0, 1], false), batch: 2 };
    await expect(train(make(), { ...options, onGradients: () => ({}) })).rejects.toThrow(
      /the gradient of tokens.weight: 208 numbers; got none\. /,
    );
    const broken = (g: Gradients): Gradients => ({ ...g, 'norm.bias': (g['norm.bias'] as Float32Array).fill(Number.NaN) });
    await expect(train(make(), { ...options, onGradients: broken })).rejects.toThrow(
      /training step 0: a finite loss and gradient; got gradient norm NaN/,
    );
  });

  test('arrays that were handed over before are refused, not waited for', async () => {
    let kept: Gradients | undefined;
    const options = { ...base, inThread: false, data: dataOf([0, 1], false), batch: 2 };
    const again = (g: Gradients): Gradients => {
      kept ??= g;
      return kept;
    };
    await expect(train(make(), { ...options, onGradients: again })).rejects.toThrow(
      /arrays that can be handed over, each once; got .*\. Copy them first\./,
    );
  });
});
