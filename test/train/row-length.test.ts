import { expect, test } from 'vitest';
import { splitTokens } from '#dist/datasets/split.js';
import { Llama } from '#dist/models/index.js';
import { type TrainOptions, train } from '#dist/train/index.js';

const tokens = Int32Array.from({ length: 4000 }, (_, i) => (i * i + (i % 7)) % 23);
const make = (context: number) => new Llama({ vocabulary: 23, context, layers: 2, heads: 2, width: 16, dropout: 0.1, seed: 3 });
const options: TrainOptions = {
  data: splitTokens(tokens, { context: 12 }),
  steps: 6,
  batch: 4,
  evalEvery: 3,
  watchAttention: true,
  seed: 5,
};

/** Where positions are turns, a model that can see more computes the same on short rows. */
test('rows of fewer tokens than the model can see teach it what they teach one that sees no more', async () => {
  const [short, long] = [make(12), make(32)];
  const evaluations: unknown[][] = [[], []];
  const runs = [short, long].map((model, i) =>
    train(model, { ...options, length: 12, onEvaluation: ({ step, ...rest }) => void evaluations[i]?.push(rest) }),
  );
  const [one, other] = await Promise.all(runs);
  expect(other?.valLoss).toBe(one?.valLoss);
  expect(evaluations[1]).toEqual(evaluations[0]);
  expect([...long.parameters()].map(([name, p]) => [name, p.value.data])).toEqual(
    [...short.parameters()].map(([name, p]) => [name, p.value.data]),
  );
  const whole = make(32);
  await train(whole, options);
  expect(whole.parameters().get('tokens.weight')?.value.data).not.toEqual(long.parameters().get('tokens.weight')?.value.data);
});

test.each([0, 33, 1.5])('a length of %d is refused', async (length) => {
  await expect(train(make(32), { ...options, length })).rejects.toThrow(
    `train: length is a whole number from 1 to the model's context, 32; got ${length}`,
  );
});
