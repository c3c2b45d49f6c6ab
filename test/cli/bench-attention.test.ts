import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runAttentionBench } from '#dist/cli/bench/attention.node.js';
import { attentionPass } from '#dist/cli/bench/attention-ours.js';
import { attentionInput, attentionLayer, attentionShape, attentionWork } from '#dist/cli/bench/attention-shape.js';
import { HostArray } from '#dist/core/index.js';

test('work: the bench’s floating-point operations, by hand', () => {
  // Four projections and two products, 2 operations a multiply-add, once forward and twice backward.
  const [tokens, pairs] = [8 * 256, 8 * 256 * 256];
  expect(attentionWork({ ...attentionShape, causal: false })).toBe(3 * 2 * (4 * tokens * 384 * 384 + 2 * pairs * 384));
});

test('a batch cut into tiles computes what its rows do one by one', async () => {
  const rows = { batch: 2, length: 512, heads: 6, width: 12, causal: true };
  const run = async (shape: typeof rows, x: HostArray, cotangent: HostArray) => {
    const ours = await attentionPass(attentionLayer(shape), x, cotangent, { threads: 1 });
    const { losses, ms } = await ours.run(0, 2);
    await ours.dispose();
    expect(losses[1]).toBe(losses[0]);
    expect(ms.every((t) => t > 0)).toBe(true);
    return { loss: losses[0] as number, tiles: ours.tiles, names: Object.keys(ours.norms()) };
  };
  const [x, cotangent] = [attentionInput('x', rows), attentionInput('cotangent', rows)];
  const both = await run(rows, x, cotangent);
  expect(both.tiles).toBe(2);
  expect(both.names).toHaveLength(9);
  const row = ({ data, shape }: HostArray, i: number): HostArray =>
    new HostArray((data as Float32Array).slice((i * data.length) / 2, ((i + 1) * data.length) / 2), [1, ...shape.slice(1)], 'float32');
  const one = { ...rows, batch: 1 };
  const sums = await Promise.all([0, 1].map((i) => run(one, row(x, i), row(cotangent, i))));
  expect(sums.map((s) => s.tiles)).toEqual([1, 1]);
  expect(both.loss).toBeCloseTo((sums[0]?.loss ?? Number.NaN) + (sums[1]?.loss ?? Number.NaN), 4);
});

const hasTorch = spawnSync('/usr/bin/python3', ['-c', 'import torch']).status === 0;
if (!hasTorch)
  console.warn('bench-attention: skipped the comparison with PyTorch; it needs apt-get install python3-torch libopenblas0-openmp');

describe.skipIf(!hasTorch)('against PyTorch', () => {
  test('a small layer computes alike, causal and not; times and operators are told', async () => {
    const shape = { batch: 2, length: 16, heads: 2, width: 32 };
    let text = '';
    const add = (t: string): void => {
      text += t;
    };
    const result = await runAttentionBench({ threads: 1, rounds: 2, steps: 2, shape, json: true, out: add });
    expect(result.cases.map((c) => c.shape.causal)).toEqual([false, true]);
    for (const { difference, timing, operators, tiles } of result.cases) {
      expect(difference).toBeLessThan(1e-4);
      expect(timing.ours.count).toBe(4);
      expect(timing.ratio).toBeGreaterThan(0);
      expect(operators.runs).toBe(20);
      expect(tiles).toBe(1);
    }
    const lines = text.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual(JSON.parse(JSON.stringify(result)));
    expect(text).toContain('ratio');
  });
});
