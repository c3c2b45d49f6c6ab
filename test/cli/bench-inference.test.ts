import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runInferenceBench } from '#dist/cli/bench/inference/inference.node.js';
import { reportInference } from '#dist/cli/bench/inference/report.js';
import { inferenceSizes, promptWork } from '#dist/cli/bench/inference/size.js';
import { multiplyAdds } from '#dist/cli/bench/multiply-adds.js';
import { GPT2 } from '#dist/models/index.js';
import { input } from '#dist/ops/index.js';

const size = { ...inferenceSizes.small, promptRounds: 2, rounds: 2, tokens: 2 };

test('the work of a prompt: products counted in the graph, but for pairs that causality forbids and logits that nobody reads', () => {
  const { layers, width, vocabulary, prompt } = size;
  const whole = 2 * multiplyAdds([new GPT2(size).forward(input('ids', [3, prompt], 'int32'))]);
  const forbidden = 3 * (prompt * prompt - (prompt * (prompt + 1)) / 2) * 4 * layers * width;
  const unread = 3 * (prompt - 1) * 2 * vocabulary * width;
  expect(promptWork(size, 3)).toBe(whole - forbidden - unread);
});

const hasTorch = spawnSync('/usr/bin/python3', ['-c', 'import torch']).status === 0;
if (!hasTorch) console.warn('bench-inference: no comparison with PyTorch; it needs apt-get install python3-torch libopenblas0-openmp');

test('measures every figure, at a tiny size', async () => {
  const said: string[] = [];
  const result = await runInferenceBench({ size, threads: 1, onProgress: (what) => said.push(what) });
  // Two blocks of 12·C² weights and the table of tokens, which is the head too; biases, norms and positions are left out.
  expect(result.weightBytes).toBe(4 * (2 * 12 * 32 * 32 + 101 * 32));
  expect(result.prompts.map(({ batch, ours }) => [batch, ours.count])).toEqual([
    [1, 2],
    [3, 2],
  ]);
  const stream = Math.min(...Object.values(result.readMs));
  for (const { ours, share } of Object.values(result.tokens)) {
    expect(ours.count).toBe(2);
    expect(share.count).toBe(2);
    // Each round's share is of the reading beside it; in a crowded round it may lie far from what the medians say.
    expect(share.min).toBeGreaterThan(0);
    expect(share.median).toBeLessThan((300 * stream) / ours.median);
  }
  expect(result.farToNear).toBe(result.tokens.far.ours.median / result.tokens.near.ours.median);
  expect(said.at(-1)).toBe('tokens, round 2 of 2');
  const text = reportInference(result);
  expect(text).toContain('token after 300, batch 1');
  if (hasTorch) {
    expect(result.difference).toBeLessThan(1e-4);
    expect(result.tokens.many.ratio?.count).toBe(2);
    expect(result.prompts[1]?.theirs?.median).toBeGreaterThan(0);
  } else expect(text).toContain('PyTorch   none');
});

describe('refused', () => {
  test.each([
    ['a position beyond the context', { far: 318 }],
    ['near beyond far', { near: 301 }],
    ['a prompt beyond the context', { prompt: 321 }],
  ])('%s', async (_, wrong) => {
    await expect(runInferenceBench({ size: { ...size, ...wrong } })).rejects.toMatchObject({ code: 'value' });
  });
});
