import { expect, test } from 'vitest';
import { generateStories, splitTokens } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { train } from '#dist/train/index.js';

test('resident memory is flat (± 5%) over 2,000 steps at S', async () => {
  const text = generateStories({ seed: 1, characters: 200_000 });
  const tokenizer = trainCharacterTokenizer(text);
  const data = splitTokens(tokenizer.encodeToArray(text), { context: 64 });
  const model = new GPT2({ vocabulary: tokenizer.size, context: 64, layers: 4, heads: 4, width: 128 });
  const before = memory();
  const samples: number[] = [];
  await train(model, {
    data,
    steps: 2000,
    batch: 12,
    onStep: ({ step }) => {
      // Until then what tracing and set-up left behind, in both workers, is collected.
      if (step >= 500 && step % 50 === 0) samples.push(process.memoryUsage().rss);
    },
  });
  const start = samples.slice(0, 5).reduce((a, b) => a + b) / 5;
  const end = samples.slice(-5).reduce((a, b) => a + b) / 5;
  console.log(
    `resident at the start ${(start / 2 ** 20).toFixed(0)} MiB, at the end ${(end / 2 ** 20).toFixed(0)} MiB, most ${(Math.max(...samples) / 2 ** 20).toFixed(0)} MiB`,
  );
  expect(Math.abs(end / start - 1)).toBeLessThan(0.05);
  expect(memory()).toEqual(before);
});
