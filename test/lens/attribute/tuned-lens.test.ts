import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { below, randomKey } from '#dist/core/index.js';
import { type LabelledArray, logitLens, TunedLens } from '#dist/lens/index.js';
import { lookedAt } from '../looked-models.js';

const folder = mkdtempSync(join(tmpdir(), 'tuned-lens-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mean = ({ values }: LabelledArray, layers: number): number => {
  const data = values.data as Float32Array;
  const early = data.subarray(0, (data.length / layers) * (layers - 1));
  return early.reduce((a, b) => a + b, 0) / early.length;
};

test.each(['gpt2', 'gemma 2, norms after, soft caps', 'bert, masked words'])(
  '%s: trained translators say sooner what the model says in the end',
  async (name) => {
    const { model } = lookedAt(name);
    const rows = (step: number) =>
      Array.from({ length: 8 }, (_, r) => Array.from({ length: 10 }, (_t, t) => below(randomKey(step, 'rows', r), t, 13)));
    const seen: number[] = [];
    const tuned = await TunedLens.train(model, rows, { steps: 120, lr: 1e-2, onStep: (_, d) => seen.push(d) });
    const fresh = Array.from({ length: 10 }, (_, t) => below(randomKey(9999, 'fresh'), t, 13));
    const [plain, better] = [await logitLens(model, fresh), await tuned.read(model, fresh)];
    const layers = plain.divergence.axes[0]?.labels.length as number;
    expect(tuned.translators.size).toBe(layers - 1);
    expect(mean(better.divergence, layers)).toBeLessThan(0.8 * mean(plain.divergence, layers));
    // At the start it is the logit lens.
    expect(seen[0]).toBeGreaterThan(seen.at(-1) as number);

    const path = join(folder, `${name}.safetensors`);
    await tuned.save(path);
    const again = await (await TunedLens.load(path)).read(model, fresh);
    expect(again.divergence.values.data).toEqual(better.divergence.values.data);
  },
);

test('an untrained tuned lens is the logit lens', async () => {
  const { model, prompt } = lookedAt('llama, grouped heads');
  const tuned = await TunedLens.train(model, () => prompt, { steps: 1, lr: 0 });
  expect((await tuned.read(model, prompt)).probabilities.values.data).toEqual((await logitLens(model, prompt)).probabilities.values.data);
});
