import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSafetensors } from '#dist/checkpoints/index.js';
import { adamW, type Optimizer, sgd } from '#dist/train/optimizers/index.js';
import { fixture, relativeDifference } from '../../support/arrays.js';
import { Trial } from './harness.js';

interface Case {
  readonly case: string;
  readonly kind: 'adamw' | 'sgd';
  readonly settings: object;
}

/** Made by test/fixtures/optimizers.py. */
const made = parseSafetensors(readFileSync(fixture('optimizers.safetensors')));
const cases = JSON.parse(made.metadata.cases as string) as Case[];
const trained = (JSON.parse(made.metadata.shapes as string) as number[][]).map((shape, i) => ({ name: `p${i}`, shape }));

const expected = async (name: string): Promise<ArrayLike<number>> => (await made.load(name)).data as Float32Array;

describe(`PyTorch ${made.metadata.torch}`, () => {
  test.each(cases)('$kind $settings: 1 and 100 steps', async ({ case: name, kind, settings }) => {
    const optimizer: Optimizer = kind === 'adamw' ? adamW(settings) : sgd(settings);
    const trial = await Trial.start(optimizer, trained);
    await trial.step(1);
    for (const i of trained.keys()) {
      expect(relativeDifference(trial.parameter(i), await expected(`${name}/1/${i}/parameter`))).toBeLessThan(1e-6);
    }
    await trial.steps(2, 100);
    for (const i of trained.keys()) {
      expect(relativeDifference(trial.parameter(i), await expected(`${name}/100/${i}/parameter`))).toBeLessThan(1e-6);
      const slots = trial.slots(i);
      const remembered = made.names.filter((n) => n.startsWith(`${name}/100/${i}/`) && !n.endsWith('/parameter'));
      expect(Object.keys(slots).sort()).toEqual(remembered.map((n) => n.split('/').at(-1)).sort());
      for (const n of remembered) {
        // Wider than for parameters: β rounded to float32 is worth 1e-6 over 100 steps of an average.
        expect(relativeDifference(slots[n.split('/').at(-1) as string], await expected(n))).toBeLessThan(2e-6);
      }
    }
  });
});
