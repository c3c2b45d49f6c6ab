import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CoreDistance } from '#dist/cli/bench/core-distance.node.js';
import { opTimes } from '#dist/cli/bench/op-times.js';
import { median, quantile, summarize } from '#dist/cli/bench/statistics.js';
import { measure } from '#dist/cli/bench/step.node.js';
import { stackBatches, storyBatches } from '#dist/cli/bench/step-batches.js';
import { alternate, compareLosses, lossTolerance } from '#dist/cli/bench/step-compare.js';
import { distanceLines } from '#dist/cli/bench/step-report.js';
import { type StepShape, sizeNames, stepCases, workOf } from '#dist/cli/bench/step-shape.js';
import { TorchSide } from '#dist/cli/bench/step-torch.node.js';
import type { HostArray } from '#dist/core/index.js';
import { adamW } from '#dist/train/index.js';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('statistics', () => {
  test('the median has as many values at or below it as at or above', () => {
    fc.assert(
      fc.property(values, (list) => {
        const m = median(list);
        expect(list.filter((v) => v <= m).length * 2).toBeGreaterThanOrEqual(list.length);
        expect(list.filter((v) => v >= m).length * 2).toBeGreaterThanOrEqual(list.length);
      }),
    );
  });

  test('quantiles interpolate between neighbours in order', () => {
    expect(quantile([30, 10, 20], 0.25)).toBe(15);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(summarize([5, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11])).toEqual({ median: 6, min: 1, p90: 10, max: 11, count: 11 });
  });

  test('no values are an error, not NaN', () => {
    expect(() => median([])).toThrow(/at least one value/);
  });
});

describe('time by kind of operator', () => {
  const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur, args: {} });
  const node = (ts: number, dur: number, kind: string) => ({ cat: 'Node', name: `n_kernel_time`, ts, dur, args: { op_name: kind } });

  test('sums nodes by kind over all runs but the first', () => {
    const events = [
      { cat: 'Session', name: 'session_initialization', ts: 0, dur: 900, args: {} },
      // The engine writes a run's event after its nodes' events.
      node(1000, 5000, 'Gemm'),
      run(1000, 6000),
      node(8000, 300, 'Gemm'),
      node(8300, 100, 'Add'),
      node(8400, 500, 'Gemm'),
      run(8000, 1000),
      node(9000, 700, 'Gemm'),
      node(9700, 300, 'Add'),
      node(10000, 900, 'Gemm'),
      run(9000, 3000),
      { cat: 'Node', name: 'n_fence_before', ts: 9100, dur: 50, args: { op_name: 'Gemm' } },
    ];
    expect(opTimes(JSON.stringify(events))).toEqual({
      runs: 2,
      ms: 2,
      kinds: [
        { kind: 'Gemm', nodes: 2, ms: 1.2, percent: 60 },
        { kind: 'Add', nodes: 1, ms: 0.2, percent: 10 },
      ],
      between: expect.closeTo(0.6, 12),
    });
  });

  test.each([
    ['an empty file', '', /JSON list/],
    ['an object', '{}', /JSON list/],
    ['one run', JSON.stringify([run(0, 1)]), /at least two runs/],
  ])('%s is refused', (_, text, message) => {
    expect(() => opTimes(text)).toThrow(message);
  });
});

describe('the comparison', () => {
  test('reports the largest differences', () => {
    const { absolute, relative, steps } = compareLosses([4, 2.001, 1], [4, 2, 1.0008]);
    expect(steps).toBe(3);
    expect(absolute).toBeCloseTo(0.001, 12);
    expect(relative).toBeCloseTo(0.0008 / 1.0008, 12);
  });

  test.each([
    ['too far apart', [4, 2.01], [4, 2], /2\.01 and 2 at step 1/],
    ['not a number', [Number.NaN], [4], /NaN and 4 at step 0/],
    ['of different number', [4], [4, 3], /1 and 2/],
    ['none', [], [], /some/],
  ])('refuses losses that are %s', (_, ours, theirs, message) => {
    expect(() => compareLosses(ours, theirs)).toThrow(message);
  });

  test('alternates who is first, drops the step after each change, and keeps to the batches there are', async () => {
    const calls: string[] = [];
    const side = (name: string, ms: number) => ({
      run: async (first: number, count: number) => {
        calls.push(name);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first + count).toBeLessThanOrEqual(7);
        return { losses: [], ms: [1e6, ...Array<number>(count - 1).fill(ms)], outside: Array<number>(count).fill(0.5) };
      },
    });
    const timing = await alternate(side('ours', 10), side('theirs', 20), { rounds: 4, steps: 3, batches: 7 });
    expect(calls.join(' ')).toBe('ours theirs theirs ours ours theirs theirs ours');
    expect(timing).toMatchObject({ ratio: 0.5, outside: 0.5, ours: { max: 10, count: 12 }, paired: { min: 0.5, max: 0.5, count: 4 } });
    expect(timing.rounds).toBeUndefined();
  });

  test('tells each round’s ratio beside the distance of the cores before and after it', async () => {
    const side = (ms: number) => ({
      run: async (_: number, count: number) => ({
        losses: [],
        ms: Array<number>(count).fill(ms),
        outside: Array<number>(count).fill(0),
      }),
    });
    const trips = [110, 120, 340, 350, 345];
    const timing = await alternate(side(10), side(20), { rounds: 4, steps: 2, batches: 9, roundTrip: () => trips.shift() as number });
    expect(timing.rounds).toEqual(
      [
        [110, 120],
        [120, 340],
        [340, 350],
        [350, 345],
      ].map((roundTrips) => ({ ratio: 0.5, roundTrips })),
    );
    expect(distanceLines(timing)).toEqual([
      '            two cores were 110 to 350 ns apart, there and back: near in 1, ratio 0.500; far in 2, ratio 0.500; changing in 1, ratio 0.500',
    ]);
    expect(distanceLines({ ...timing, rounds: [] })).toEqual([]);
  });

  test.skipIf(availableParallelism() < 2)(
    'measures the distance again and again: some tens of nanoseconds at least, microseconds at most',
    async () => {
      const distance = new CoreDistance();
      try {
        for (let again = 0; again < 3; again++) {
          const nanoseconds = distance.measure();
          expect(nanoseconds).toBeGreaterThan(10);
          expect(nanoseconds).toBeLessThan(1e6);
        }
      } finally {
        await distance.stop();
      }
    },
  );
});

test('work: a step of S and L in floating-point operations, by hand', () => {
  expect(workOf(stepCases.S.shape)).toBe(768 * (6 * (4 * 12 * 128 * 128 + 65 * 128) + 12 * 4 * 128 * 64));
  expect(workOf(stepCases.L.shape) / 1e9).toBeCloseTo(145.3, 0);
});

const tiny: StepShape = { layers: 2, heads: 2, width: 32, context: 16, batch: 4, vocabulary: 65, accumulate: 1, dropout: 0 };

test('sizes are chosen by name, and others are refused', () => {
  expect(sizeNames('L, 124M')).toEqual(['L', '124M']);
  expect(() => sizeNames('S,XL')).toThrow(/XL/);
});

test('batches are stacked in order, and targets are the inputs shifted by one', () => {
  const batches = storyBatches(tiny);
  const { inputs, targets } = stackBatches(batches, 3, tiny);
  expect(inputs?.shape).toEqual([3, 4, 16]);
  const part = (x: HostArray | undefined, from: number, to: number): unknown[] => [...(x?.data.subarray(from, to) ?? [])];
  expect(part(inputs, 2 * 64, 3 * 64)).toEqual([...batches(2).inputs]);
  expect(part(targets, 64, 79)).toEqual(part(inputs, 65, 80));
});

const hasTorch = spawnSync('/usr/bin/python3', ['-c', 'import torch']).status === 0;
if (!hasTorch) console.warn('bench-step: skipped the comparison with PyTorch; it needs apt-get install python3-torch libopenblas0-openmp');

describe.skipIf(!hasTorch)('against PyTorch', () => {
  test.each(['gelu_new', 'gelu'] as const)('a small model with %s trains alike, and leaves no files', async (activation) => {
    const folder = await mkdtemp(join(tmpdir(), 'headlight-test-'));
    const torch = await TorchSide.start(1);
    try {
      const rules = { optimizer: adamW(), clip: 1, threads: 1 };
      const result = await measure({ shape: tiny, losses: 10, rounds: 2, steps: 2 }, { torch, rules, activation, folder, note: () => {} });
      expect(result.equality.steps).toBe(10);
      expect(result.equality.relative).toBeLessThanOrEqual(lossTolerance);
      expect(result.equality.lastLoss).toBeLessThan(result.equality.firstLoss);
      expect(result.timing.ours.count).toBe(4);
      expect(result.timing.ratio).toBeGreaterThan(0);
      expect(result.othersLoad).toBeGreaterThanOrEqual(0);
      expect(result.othersLoad).toBeLessThanOrEqual(1);
      expect(result.operators.runs).toBe(10);
      expect(result.shareOfBest).toBeGreaterThan(0);
      expect(result.shareOfBest).toBeCloseTo(result.gflops / result.bestGflops, 10);
      expect(result.operators.kinds.reduce((sum, k) => sum + k.percent, 0)).toBeLessThanOrEqual(100);
      expect((await readdir(folder)).filter((name) => name.startsWith('operators'))).toEqual([]);
      // A mistake is an error of ours, and the process goes on.
      await expect(torch.run(1_000_000, 1)).rejects.toThrow(/batches 1000000/);
      expect((await torch.run(0, 1)).losses).toHaveLength(1);
    } finally {
      torch.kill();
      await rm(folder, { recursive: true, force: true });
    }
    await expect(torch.run(0, 1)).rejects.toThrow(/not ended/);
  });
});
