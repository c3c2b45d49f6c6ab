import { expect, test } from 'vitest';
import { multiplyAdds } from '#dist/cli/bench/multiply-adds.js';
import { runRecurrentBench } from '#dist/cli/bench/recurrent.node.js';
import { Conv, Linear, RecurrentLayers } from '#dist/nn/index.js';
import { input } from '#dist/ops/index.js';

test('multiply-adds, by hand', () => {
  expect(multiplyAdds([new Linear(4, 5).forward(input('x', [2, 3, 4]))])).toBe(2 * 3 * 4 * 5);
  expect(multiplyAdds([new Conv(4, 6, { kernel: [3], groups: 2 }).forward(input('x', [2, 4, 9]))])).toBe(2 * 6 * 7 * 2 * 3);
  const [a, b] = [input('a', [2, 3, 4]), input('b', [2, 5, 4])];
  expect(multiplyAdds([a.matmul(b, { transposeB: true })])).toBe(2 * 3 * 5 * 4);
  // Every step: x W for all at once, h R one after the other.
  for (const [cell, gates] of [
    ['rnn', 1],
    ['gru', 3],
    ['lstm', 4],
  ] as const) {
    const { outputs } = new RecurrentLayers({ cell, width: 3, hidden: 5 }).forward(input('x', [2, 7, 3]));
    expect(multiplyAdds([outputs])).toBe(7 * 2 * gates * (3 * 5 + 5 * 5));
  }
});

test('a small run: equal to PyTorch where that is there; LSTM is four RNNs', async () => {
  let text = '';
  const add = (t: string): void => {
    text += t;
  };
  const shape = { batch: 2, length: 6, hidden: 4 };
  const result = await runRecurrentBench({ threads: 1, rounds: 2, steps: 2, shape, json: true, out: add });
  if (result.torch === undefined) console.warn(`bench-recurrent: skipped the comparison with PyTorch: ${result.withoutTorch}`);
  expect(result.cells.map(({ cell }) => cell)).toEqual(['rnn', 'gru', 'lstm']);
  for (const { ms, torch } of result.cells) {
    expect(ms).toBeGreaterThan(0);
    expect(torch === undefined).toBe(result.torch === undefined);
    if (torch !== undefined) expect(torch.difference).toBeLessThan(1e-4);
  }
  expect(result.lstmOverRnn).toMatchObject([4, 8, 16].map((hidden) => ({ hidden, multiplyAdds: 4, time: expect.any(Number) })));
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toEqual(JSON.parse(JSON.stringify(result)));
  expect(text).toContain('LSTM over RNN: 4.00 times');
});
