import { describe, expect, test } from 'vitest';
import { contestants } from '#dist/cli/bench/length/contestants.js';
import { fittedExponent } from '#dist/cli/bench/length/fit.js';
import { lengthBench } from '#dist/cli/bench/length/length.node.js';
import { measure } from '#dist/cli/bench/length/measure.js';
import { lengthTable } from '#dist/cli/bench/length/report.js';
import { within } from './command.js';

describe('the fitted exponent', () => {
  test('of a power law is its own; short lengths do not count', () => {
    const points = [64, 128, 256, 512, 1024].map((length) => ({ length, ms: length < 200 ? 5 : 3e-5 * length ** 2 }));
    expect(fittedExponent(points)).toBeCloseTo(2, 10);
    expect(fittedExponent(points.map((p) => ({ ...p, ms: 0.1 * p.length })))).toBeCloseTo(1, 10);
  });

  test('of two lengths there is none', () => {
    expect(
      fittedExponent([
        { length: 1, ms: 1 },
        { length: 2, ms: 2 },
      ]),
    ).toBeUndefined();
  });
});

test.each(contestants.map((c) => [c.name, c] as const))('%s runs forward and with gradients', async (_, contestant) => {
  for (const training of [false, true]) {
    const { ms, runs } = await measure(contestant, { length: 64, threads: 2, training, budgetMs: 1 });
    expect(ms).toBeGreaterThan(0);
    expect(runs).toBeGreaterThan(0);
  }
});

test('the bench measures in processes of their own, and its table has a line for each form', async () => {
  const { rows } = await lengthBench({ upTo: 512, forms: ['convolution'] });
  expect(rows).toMatchObject([{ form: 'convolution', points: [{ length: 256 }, { length: 512 }] }]);
  expect(rows[0]?.points.every((p) => p.stepMiB > 0 && p.stepMs > 0 && p.forwardMs > 0)).toBe(true);
  const table = lengthTable(rows).split('\n');
  expect(table.filter((line) => line.startsWith('convolution')).length).toBe(3);
  expect(table[1]).toMatch(/^form +256 +512 +T\^$/);
});

test('a form that is not here', async () => {
  const { code, err } = await within('bench', 'length', '--forms', 'dense,quantum');
  expect(code).toBe(2);
  expect(err).toMatch(/bench length: forms among dense, .*; got "quantum"/);
});
