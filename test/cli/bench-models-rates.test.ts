import { describe, expect, test } from 'vitest';
import { compareModels } from '#dist/cli/bench/models/compare.js';
import { contenders } from '#dist/cli/bench/models/contenders.js';
import { copyTask } from '#dist/cli/bench/models/long-tasks.js';
import { findRates, tryRates } from '#dist/cli/bench/models/rates.js';
import { rateTable } from '#dist/cli/bench/models/report.js';
import { sideBySide } from '#dist/cli/bench/models/side-by-side.js';
import { comparisonSizes } from '#dist/cli/bench/models/sizes.js';
import type { Tensor } from '#dist/ops/index.js';

const { small } = comparisonSizes;
const [task, tcn] = [copyTask([4]), contenders.tcn as NonNullable<(typeof contenders)['tcn']>];
const lesson = { parameters: 6_000, steps: 20, batch: 8, seed: 0, threads: 1 };

describe('learning rates are tried', () => {
  test('on the short forms of the tasks: the best is what a contender learns at', async () => {
    const options = { size: { ...small, steps: 3, rates: [1e-5, 1e-2] }, forms: 'tcn', threads: 1 };
    const found = await findRates(options);
    for (const { task: name, rate, trials } of found) {
      expect(rate, name).toBe(1e-2);
      expect(trials.map((trial) => trial.rate)).toEqual([1e-2, 1e-5]);
      expect(trials[0]?.loss).toBeLessThan(trials[1]?.loss as number);
    }
    expect(found.map((row) => row.task)).toEqual(['characters', 'copy', 'order']);
    expect(rateTable(found)).toMatch(/^loss on short forms +characters, 0.00001 +characters, 0.01 .*\ntcn +[\d.]+ +[\d.]+\*/);
    const rows = await compareModels({ ...options, rates: found.map((row, i) => ({ ...row, rate: (i + 1) * 1e-3 })) });
    expect(rows.map(({ rate }) => rate)).toEqual([1e-3, 2e-3, 3e-3]);
  });

  test('of one rate nothing is tried; what is known is not tried again', async () => {
    const one = await findRates({ size: small, forms: 'tcn' });
    expect(one.map(({ rate, trials }) => [rate, trials.length])).toEqual([1, 2, 3].map(() => [5e-3, 0]));
    const finished = ['characters', 'copy', 'order'].map((name) => ({ task: name, model: 'tcn', rate: 7, trials: [] }));
    expect(await findRates({ size: { ...small, rates: [1, 2] }, forms: 'tcn', finished })).toEqual(finished);
  });

  test('each from the same start, whatever was tried before', async () => {
    const [[alone], both] = [
      await tryRates('tcn', tcn, task, { ...lesson, rates: [3e-3] }),
      await tryRates('tcn', tcn, task, { ...lesson, rates: [1e-2, 3e-3] }),
    ];
    expect(both).toContainEqual(alone);
  });

  test('a rate at which the loss stops being a number is left out; where all are, it says so', async () => {
    const wild = { ...tcn, groups: [{ match: '*', rate: 1e36 }] };
    const rates = await tryRates('tcn', wild, task, { ...lesson, rates: [1, 1e-38] });
    expect(rates.map(({ rate }) => rate)).toEqual([1e-38]);
    await expect(tryRates('tcn', wild, task, { ...lesson, rates: [1] })).rejects.toThrow(
      /bench models, tcn: a learning rate at which the loss is a number; got none at 1/,
    );
  });

  test('another failure is not taken for a rate’s', async () => {
    const broken = {
      ...tcn,
      build: (...given: Parameters<typeof tcn.build>) => Object.assign(tcn.build(...given), { forward: (): Tensor => missing() }),
    };
    await expect(tryRates('tcn', broken, task, { ...lesson, rates: [1e-3] })).rejects.toThrow('not there');
  });
});

function missing(): never {
  throw new Error('not there');
}

describe('side by side', () => {
  const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

  test.each([1, 2, 9])('%s at once: results in the order of the jobs, no more at once than that', async (atOnce) => {
    let [now, most] = [0, 0];
    const jobs = [9, 1, 5, 1].map((ms, i) => async () => {
      most = Math.max(most, ++now);
      await later(ms);
      now--;
      return i;
    });
    expect(await sideBySide(jobs, atOnce)).toEqual([0, 1, 2, 3]);
    expect(most).toBe(Math.min(atOnce, 4));
  });

  test('after a failure nothing begins', async () => {
    const begun: number[] = [];
    const jobs = [0, 1, 2, 3].map((i) => async () => {
      begun.push(i);
      await later(i === 0 ? 1 : 20);
      if (i === 0) throw new Error('broke');
    });
    await expect(sideBySide(jobs, 2)).rejects.toThrow('broke');
    await later(30);
    expect(begun).toEqual([0, 1]);
  });

  test('models side by side come to what they come to alone', async () => {
    const options = { size: { ...small, steps: 4 }, forms: 'rnn,tcn', threads: 1 };
    const figures = async (atOnce: number) => (await compareModels({ ...options, atOnce })).map(({ seconds: _, ...row }) => row);
    expect(await figures(3)).toEqual(await figures(1));
  });
});
