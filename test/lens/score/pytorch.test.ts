import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { attentionRollout, attentionWeights, compositionScores, directLogit, inputTimesGradient, integratedGradients, logitLens, scoreHeads } from '#dist/lens/index.js'; // biome-ignore format: one line
import type { LanguageModel } from '#dist/models/index.js';
import { referenceOf } from '../../models/checkpoint.js';
import { fixture, largestDifference } from '../../support/arrays.js';
import { shared } from '../../tokenizers/shared.js';

describe.each([
  ['gpt2-tiny', fixture('gpt2-tiny')],
  ['stories260k', shared('models/stories260k')],
])('%s: what PyTorch says', (name, folder) => {
  let model: LanguageModel;
  let reference: ReadonlyMap<string, HostArray>;
  let ids: number[];
  let tokens: number[];
  let heads: { readonly layer: string; readonly head: number }[];
  beforeAll(async () => {
    if (folder === undefined) return;
    model = await loadModel(folder);
    reference = await referenceOf(`lens-${name}.safetensors`);
    ids = numbers('ids');
    tokens = numbers('tokens');
    heads = attentionWeights(model).flatMap(({ path, heads: n }) => Array.from({ length: n }, (_, head) => ({ layer: path, head })));
  });
  const numbers = (key: string): number[] => Array.from(reference.get(key)?.data ?? [], Number);
  const it = test.skipIf(folder === undefined);

  it('composition scores, of every pair of heads', async () => {
    const { values } = await compositionScores(model);
    const wanted = numbers('composition');
    expect(Array.from(values.data as Float64Array, Number.isNaN)).toEqual(wanted.map(Number.isNaN));
    const known = (data: ArrayLike<number>) => Array.from(data).filter((x) => !Number.isNaN(x));
    expect(largestDifference(known(values.data as Float64Array), known(wanted))).toBeLessThan(1e-5);
  });

  it('copying and effective ranks', async () => {
    const scores = await scoreHeads(model, { prompt: ids });
    const of = (score: string) => heads.map(({ layer, head }) => scores.at(layer, head, score));
    expect(largestDifference(of('copying'), numbers('copying'))).toBeLessThan(1e-4);
    const ranks = heads.flatMap((_, i) => [of('effectiveRankOV')[i] as number, of('effectiveRankQK')[i] as number]);
    expect(largestDifference(ranks, numbers('ranks'))).toBeLessThan(1e-4);
  });

  it('direct logit attribution by component and by head', async () => {
    const whole = await directLogit(model, ids);
    expect(whole.contributions.axes[1]?.labels).toEqual(tokens.slice(0, 1)); // the best token, by default
    const { contributions, logits, residual } = await directLogit(model, ids, { tokens });
    expect(largestDifference(logits, numbers('chosen'))).toBeLessThan(1e-4);
    expect(largestDifference(residual, [0, 0])).toBeLessThan(1e-4);
    const parts = [...reference.keys()].filter((key) => /^direct\..*(?:embed|output)$/.test(key));
    expect(parts.length).toBe(1 + 2 * (model.cache?.layers as number));
    for (const key of parts) {
      const part = key.slice('direct.'.length);
      const found = tokens.map((token) => contributions.at(part, token));
      expect(largestDifference(found, numbers(key))).toBeLessThan(1e-4);
    }
    const biases = (contributions.axes[0]?.labels ?? []).filter((part) => String(part).endsWith('bias'));
    const added = tokens.map((token) => biases.reduce((sum: number, part) => sum + contributions.at(part, token), 0));
    expect(largestDifference(added, numbers('direct.bias'))).toBeLessThan(1e-4);

    const byHead = await directLogit(model, ids, { tokens, by: 'head' });
    expect(largestDifference(byHead.residual, [0, 0])).toBeLessThan(1e-4);
    for (let layer = 0; layer < (model.cache?.layers as number); layer++) {
      const count = heads.filter((h) => h.layer === `blocks.${layer}.attention`).length;
      const found = Array.from({ length: count }, (_, h) =>
        tokens.map((token) => byHead.contributions.at(`blocks.${layer}.attention.mixed[${h}]`, token)),
      );
      expect(largestDifference(found.flat(), numbers(`direct.blocks.${layer}.heads`))).toBeLessThan(1e-4);
    }
  });

  it('integrated gradients, input × gradient, and the gap that is told', async () => {
    const { attributions, baseline, gap, logits } = await integratedGradients(model, ids, { tokens: tokens.slice(0, 1), steps: 32 });
    expect(largestDifference(attributions.values.data, numbers('integrated'))).toBeLessThan(1e-4);
    expect(largestDifference(baseline, numbers('baseline'))).toBeLessThan(1e-4);
    const sum = (attributions.values.data as Float64Array).reduce((a, b) => a + b, 0);
    expect(gap[0]).toBeCloseTo(sum - ((logits[0] as number) - (baseline[0] as number)), 6);
    const times = await inputTimesGradient(model, ids, { tokens: tokens.slice(0, 1) });
    expect(largestDifference(times.attributions.values.data, numbers('times'))).toBeLessThan(1e-4);
  });

  it('rollout and the logit lens', async () => {
    const rollout = await attentionRollout(model, ids);
    expect(largestDifference(rollout.values.data, numbers('rollout'))).toBeLessThan(1e-5);
    const { divergence } = await logitLens(model, ids);
    expect(largestDifference(divergence.values.data, numbers('lens'))).toBeLessThan(1e-4);
  });
});
