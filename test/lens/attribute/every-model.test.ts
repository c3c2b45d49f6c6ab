import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { attentionFlow, attentionRollout, type DirectLogitOptions, directLogit, inputTimesGradient, integratedGradients, type LabelledArray, type LensPrompt, logitLens, residualNorms } from '#dist/lens/index.js'; // biome-ignore format: one line
import { ViT } from '#dist/models/index.js';
import { looked, lookedAt } from '../looked-models.js';

const rows = ({ values, axes }: LabelledArray): number[][] => {
  const count = axes.at(-1)?.labels.length as number;
  const data = Array.from(values.data as Float64Array);
  return Array.from({ length: data.length / count }, (_, i) => data.slice(i * count, (i + 1) * count));
};
const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0);

describe.each(Object.keys(looked))('%s', (name) => {
  test('contributions add up to the logits, by component, head and neuron', async () => {
    const { model, prompt } = lookedAt(name);
    const of = (options: DirectLogitOptions) => directLogit(model, prompt, { tokens: [0, 1], ...options });
    const whole = await of({});
    const size = Math.max(...whole.logits.map(Math.abs), ...Array.from(whole.contributions.values.data as Float64Array, Math.abs));
    for (const by of ['component', 'head', 'neuron'] as const) {
      const { contributions, logits, residual } = await of({ by });
      logits.forEach((logit, k) => {
        const added = sum(rows(contributions).map((row) => row[k] as number));
        expect(Math.abs(logit - added)).toBeLessThan(1e-4 * Math.max(1, size));
        expect(residual[k]).toBeCloseTo(logit - added, 9);
      });
    }
    const heads = await of({ by: 'head' });
    const parts = heads.contributions.axes[0]?.labels.map(String) ?? [];
    const [site] = /^.*attention\.mixed(?=\[0\])/.exec(parts.find((p) => p.includes('mixed[0]')) ?? '') ?? [];
    const output = String(site).replace('mixed', 'output');
    const bias = `${output.replace(/\.output$/, '')}.output.bias`;
    const ofHeads = sum(parts.filter((p) => p.startsWith(`${site}[`)).map((p) => heads.contributions.at(p, 0)));
    const ofBias = parts.includes(bias) ? heads.contributions.at(bias, 0) : 0;
    expect(Math.abs(ofHeads + ofBias - whole.contributions.at(output, 0))).toBeLessThan(1e-4 * Math.max(1, size));
  });

  test('a logit less another is the difference of their contributions', async () => {
    const { model, prompt } = lookedAt(name);
    const [both, less] = [
      await directLogit(model, prompt, { tokens: [0, 1] }),
      await directLogit(model, prompt, { tokens: [0], against: 1 }),
    ];
    expect(less.logits[0]).toBeCloseTo((both.logits[0] as number) - (both.logits[1] as number), 4);
    for (const part of ['embed', 'decoder.embed'].filter((p) => both.contributions.axes[0]?.labels.includes(p))) {
      expect(less.contributions.at(part, 0)).toBeCloseTo(both.contributions.at(part, 0) - both.contributions.at(part, 1), 4);
    }
  });

  test('rollout rows sum to 1; flow is at least what rollout says, and no more than 1', async () => {
    const { model, prompt } = lookedAt(name);
    const [rollout, flow] = [await attentionRollout(model, prompt), await attentionFlow(model, prompt)];
    rows(rollout).forEach((row) => {
      expect(sum(row)).toBeCloseTo(1, 6);
    });
    expect(flow.axes).toEqual(rollout.axes);
    const [of, at] = [rollout.values.data as Float64Array, flow.values.data as Float64Array];
    // Every share that rollout sends can flow at the same time, since no pipe is wider than its weight.
    at.forEach((x, i) => {
      expect(x).toBeGreaterThan((of[i] as number) - 1e-9);
      expect(x).toBeLessThan(1 + 1e-6);
    });
  });

  test('integrated gradients add up to the change of the logit, the more nearly the more steps', async () => {
    const { model, prompt } = lookedAt(name);
    const baseline = nothing(prompt);
    const of = (steps: number) => integratedGradients(model, prompt, { tokens: [0], steps, baseline });
    const [coarse, fine] = [await of(8), await of(256)];
    const change = Math.abs((fine.logits[0] as number) - (fine.baseline[0] as number));
    expect(Math.abs(fine.gap[0] as number)).toBeLessThan(0.02 * Math.max(change, 1));
    expect(Math.abs(fine.gap[0] as number)).toBeLessThan(Math.abs(coarse.gap[0] as number) + 1e-3);
    // The baseline is a prompt like any: its logits are what the model says of it.
    const direct = await directLogit(model, baseline, { tokens: [0] });
    expect(direct.logits[0]).toBeCloseTo(fine.baseline[0] as number, 3);
    const { attributions, logits } = await inputTimesGradient(model, prompt, { tokens: [0] });
    expect(attributions.axes).toEqual(fine.attributions.axes);
    expect(logits[0]).toBeCloseTo(fine.logits[0] as number, 4);
  });

  test('the logit lens ends in what the model says; norms are those of the stream', async () => {
    const { model, prompt } = lookedAt(name);
    const { divergence, probabilities, tokens } = await logitLens(model, prompt, { top: 2 });
    const last = divergence.axes[0]?.labels.at(-1) as string;
    rows(divergence)
      .at(-1)
      ?.forEach((x) => {
        expect(Math.abs(x)).toBeLessThan(1e-5);
      });
    expect(Math.max(...(rows(divergence)[0] as number[]))).toBeGreaterThan(1e-3);
    const { logits, contributions } = await directLogit(model, prompt, model instanceof ViT || logitsAreOne(name) ? {} : { position: -1 });
    const best = contributions.axes[1]?.labels[0];
    const place = divergence.axes[1]?.labels.at(-1) as number;
    expect(tokens.at(last, place, 0)).toBe(best);
    expect(probabilities.at(last, place, 0)).toBeGreaterThan(probabilities.at(last, place, 1));
    expect(Number.isFinite(logits[0])).toBe(true);
    const norms = await residualNorms(model, prompt);
    expect(norms.axes[0]?.labels).toEqual(divergence.axes[0]?.labels);
    expect(Math.min(...(norms.values.data as Float32Array))).toBeGreaterThan(0);
  });
});

function logitsAreOne(name: string): boolean {
  return name.includes('a label');
}

/** A prompt of the same form that says nothing. */
function nothing(prompt: LensPrompt): LensPrompt {
  if (prompt instanceof HostArray) return new HostArray(new Float32Array(prompt.data.length), prompt.shape, 'float32');
  if (typeof prompt === 'object' && 'source' in prompt) return { source: [0, 0, 0, 0, 0], target: [0, 0, 0, 0] };
  return new Array<number>(8).fill(0);
}
