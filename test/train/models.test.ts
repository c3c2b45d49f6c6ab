import { expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { splitTokens } from '#dist/datasets/split.js';
import { Gemma, Llama } from '#dist/models/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { adamW, train } from '#dist/train/index.js';

const text = generateStories({ seed: 1, characters: 20_000 });
const tokenizer = trainCharacterTokenizer(text);
const data = splitTokens(tokenizer.encodeToArray(text), { context: 16 });
const sizes = { vocabulary: tokenizer.size, context: 16, layers: 2, heads: 4, kvHeads: 2, width: 32, seed: 1 };

test.each([
  ['Llama with what its kin have', () => new Llama({ ...sizes, headNorm: true, window: 8, dropout: 0.05 })],
  ['Gemma 2', () => new Gemma({ ...sizes, hidden: 64, postNorms: true, scoreCap: 20, logitCap: 30, window: 8 })],
])('%s learns', async (_, make) => {
  const losses: number[] = [];
  const options = { data, steps: 120, batch: 4, seed: 7, optimizer: adamW({ lr: 3e-3 }) };
  const result = await train(make(), { ...options, onStep: (r) => losses.push(r.loss) });
  expect(losses[0]).toBeGreaterThan(3);
  expect(result.valLoss).toBeLessThan((losses[0] as number) - 0.8);
});
