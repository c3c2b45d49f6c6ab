import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSafetensors } from '#dist/checkpoints/index.js';
import { completeSettings } from '#dist/cli/train/settings.js';
import { generateStories } from '#dist/datasets/index.js';
import { metricsOf, oneThread, temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const sizes = [...tiny.slice(0, -2), ...oneThread];

beforeAll(() => writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 6000 })));

async function trained(out: string, ...flags: string[]): Promise<{ readonly trainLoss: number; readonly valLoss: number }> {
  const { code, err, json } = await within('train', at('text.txt'), ...sizes, ...flags, '--out', at(out), '--json');
  expect(code, err).toBe(0);
  return json() as { trainLoss: number; valLoss: number };
}

/** A run's learning rates by step. */
function ratesOf(run: string): number[] {
  return metricsOf(at(run)).flatMap(({ lr }) => (lr === undefined ? [] : [Number(lr)]));
}

async function weightsOf(run: string): Promise<Map<string, readonly number[]>> {
  const file = parseSafetensors(new Uint8Array(readFileSync(at(run, 'model.safetensors'))));
  const weights = new Map<string, readonly number[]>();
  for (const name of file.names) weights.set(name, [...((await file.load(name)).data as Float32Array)]);
  return weights;
}

describe('--optimizer', () => {
  test.each(['adamw', 'sgd', 'adafactor', 'lion', 'muon'])(
    '%s learns with what it takes by default, and goes on to the bit',
    async (name) => {
      const args = ['--optimizer', name, '--steps', '80', '--eval-every', '40', '--keep-every', '40'];
      const { valLoss } = await trained(name, ...args);
      const [first] = metricsOf(at(name)).filter(({ loss }) => loss !== undefined);
      expect(valLoss).toBeLessThan(Number(first?.loss) - 0.1);
      await within('train', '--resume', at(name, 'checkpoints/step-40'), ...oneThread, '--out', at(`${name}-resumed`));
      const [whole, resumed] = [name, `${name}-resumed`].map((run) => readFileSync(at(run, 'optimizer.safetensors')));
      expect(resumed?.equals(whole as Buffer)).toBe(true);
    },
  );
});

describe('--schedule', () => {
  const at31 = ['--steps', '31', '--warmup', '10', '--lr', '1e-3'];
  // Steps 0, 10, 20 and 30: of 31, with ten of warm-up.
  const factor = (step: number) => (step - 10) / 21;
  test.each([
    ['cosine', ['--min-lr', '1e-4'], (t: number) => 0.1 + (0.9 * (1 + Math.cos(Math.PI * factor(t)))) / 2],
    ['linear', [], (t: number) => 1 - factor(t)],
    ['constant', [], () => 1],
    ['inverse-sqrt', [], (t: number) => Math.sqrt(10 / (t + 1))],
    ['wsd', ['--decay-steps', '8', '--min-lr', '1e-4'], (t: number) => (t < 23 ? 1 : 1 - (0.9 * (t - 23)) / 8)],
  ] as const)('%s', async (name, flags, after) => {
    await trained(`schedule-${name}`, '--schedule', name, ...at31, ...flags);
    const rates = ratesOf(`schedule-${name}`);
    expect(rates[0]).toBeCloseTo(name === 'inverse-sqrt' ? 1e-3 / 10 : 1e-3 / 11, 9);
    for (const [i, step] of [10, 20, 30].entries()) expect(rates[i + 1], `step ${step}`).toBeCloseTo(1e-3 * after(step), 9);
  });
});

describe('what learns, and how fast', () => {
  test('--freeze keeps values, --rates 0 too; the others learn', async () => {
    await trained('start', '--steps', '1', '--lr', '1e-12');
    await trained('frozen', '--steps', '5', '--lr', '1e-2', '--freeze', 'tokens.*,blocks.0.*', '--rates', 'positions.*=0');
    const [start, frozen] = await Promise.all(['start', 'frozen'].map(weightsOf));
    for (const [name, values] of frozen ?? []) {
      const difference = Math.max(...values.map((v, i) => Math.abs(v - (start?.get(name)?.[i] ?? Number.NaN))));
      if (/wte|wpe|h\.0\./.test(name)) expect(difference, name).toBeLessThan(1e-9);
      else expect(difference, name).toBeGreaterThan(1e-4);
    }
  });

  test('--layer-decay slows the layers below', async () => {
    await trained('layers', '--steps', '1', '--lr', '1e-2', '--weight-decay', '0', '--warmup', '0', '--layer-decay', '0.1');
    const [start, layers] = await Promise.all(['start', 'layers'].map(weightsOf));
    // Adam's first step is the learning rate wherever there is a gradient.
    const moved = (name: string) => Math.max(...(layers?.get(name) ?? []).map((v, i) => Math.abs(v - (start?.get(name)?.[i] ?? 0))));
    expect(moved('transformer.h.1.mlp.c_fc.weight') / moved('transformer.h.0.mlp.c_fc.weight')).toBeCloseTo(10, 1);
    expect(moved('transformer.ln_f.weight')).toBeCloseTo(1e-2, 3);
  });

  test('--average is judged and kept: behind the weights, and nearer to where they began', async () => {
    const plain = await trained('plain', '--steps', '20', '--lr', '1e-2');
    const averaged = await trained('averaged', '--steps', '20', '--lr', '1e-2', '--average', '0.95');
    expect(averaged.trainLoss).toBe(plain.trainLoss);
    expect(averaged.valLoss).toBeGreaterThan(plain.valLoss);
    const [start, ...runs] = await Promise.all(['start', 'plain', 'averaged'].map(weightsOf));
    const far = runs.map((run) =>
      Math.hypot(...[...run].flatMap(([name, values]) => values.map((v, i) => v - (start?.get(name)?.[i] ?? 0)))),
    );
    expect(far[1]).toBeLessThan(Number(far[0]));
    const evaluated = await within('eval', at('averaged'), at('text.txt'), ...oneThread, '--json');
    expect(evaluated.json().loss).toBe(averaged.valLoss);
  });

  test('--label-smoothing 1 learns nothing but to be unsure', async () => {
    const { valLoss } = await trained('smooth', '--steps', '40', '--lr', '1e-2', '--label-smoothing', '1');
    const { vocab_size } = JSON.parse(readFileSync(at('smooth/config.json'), 'utf8')) as { vocab_size: number };
    expect(valLoss).toBeCloseTo(Math.log(vocab_size), 1);
  });
});

describe('--arch attention-only', () => {
  test('learns, and is read back by eval and generate', async () => {
    const { valLoss } = await trained('ao', '--arch', 'attention-only', '--steps', '20', '--lr', '1e-2');
    const evaluated = await within('eval', at('ao'), at('text.txt'), ...oneThread, '--json');
    expect(evaluated.json().loss).toBe(valLoss);
    const { code, json } = await within('generate', at('ao'), '--prompt', 'M', '--max-new-tokens', '5', '--json');
    expect([code, (json().newIds as number[]).length]).toEqual([0, 5]);
  });
});

describe('defaults', () => {
  test('each optimiser has its own rate and decay; what was said stands', () => {
    expect(completeSettings({})).toMatchObject({ optimizer: 'adamw', lr: 3e-3, beta1: 0.9, weightDecay: 0.1, warmup: 100 });
    expect(completeSettings({ optimizer: 'lion' })).toMatchObject({ lr: 3e-4, weightDecay: 1 });
    expect(completeSettings({ optimizer: 'sgd', lr: 0.5 })).toMatchObject({ lr: 0.5, momentum: 0.9 });
    expect(completeSettings({ steps: 40 })).toMatchObject({ warmup: 4, decaySteps: 0 });
    expect(completeSettings({ steps: 40, schedule: 'wsd' })).toMatchObject({ decaySteps: 8, minLr: 0 });
    expect(completeSettings({ preset: 'baby', batch: 12 })).toMatchObject({ microBatch: 6, width: 384 });
  });
});
