import { expect, test } from 'vitest';
import { createTask } from '#dist/datasets/index.js';
import { generateAll, Targets } from '#dist/generate/index.js';
import { type LanguageModel, Transformer } from '#dist/models/index.js';
import { Module } from '#dist/nn/index.js';
import { concat, crossEntropy, type Tensor, zeros } from '#dist/ops/index.js';
import { adamW, type Loss, train } from '#dist/train/index.js';

/** Rows `source=answer` of a task as the two sequences of an encoder–decoder, whose start token is the task's `=`. */
class InRows extends Module implements LanguageModel {
  readonly transformer: Transformer;
  readonly vocabulary: number;
  readonly context: number;

  constructor(transformer: Transformer, length: number) {
    super();
    this.transformer = transformer;
    this.vocabulary = transformer.config.targetVocabulary;
    this.context = 2 * length;
  }

  forward(ids: Tensor): Tensor {
    const [source, target] = ids.split(2, 1) as [Tensor, Tensor];
    const logits = this.transformer.forward(source, target);
    // Nothing is to be predicted within the source.
    return concat([zeros(logits.shape), logits], 1);
  }
}

const length = 6;
const task = createTask('reverse', { length, symbols: 8 });

test.each(['pre', 'post'] as const)('an encoder–decoder learns to reverse sequences it has never seen, norm %s', async (norm) => {
  const vocabulary = task.tokenizer.size;
  const transformer = new Transformer({
    sourceVocabulary: vocabulary,
    targetVocabulary: vocabulary,
    layers: 1,
    width: 32,
    heads: 2,
    hidden: 64,
    norm,
    shared: true,
  });
  const model = new InRows(transformer, length);
  // The built-in loss, or one of one's own that looks at the target alone.
  const loss: Loss = (_, { inputs, targets }) => {
    const [source, target] = inputs.split(2, 1) as [Tensor, Tensor];
    const wanted = targets.split(2, 1)[1] as Tensor;
    return crossEntropy(transformer.forward(source, target).reshape([-1, vocabulary]), wanted.reshape([-1]));
  };
  const { valLoss, exactMatch } = await train(model, {
    data: task.data(),
    ...(norm === 'post' && { loss }),
    steps: 300,
    batch: 64,
    optimizer: adamW({ lr: 5e-3, betas: [0.9, 0.99] }),
  });
  expect(valLoss).toBeLessThan(0.02);
  expect(exactMatch).toBeGreaterThan(0.999);

  // And by itself, token after token.
  const targets = await Targets.of(transformer);
  const start = task.tokenizer.encode('=')[0] as number;
  for (let i = 0; i < 20; i++) {
    const { prompt, answer } = task.question(1, i);
    await targets.read([...task.tokenizer.encode(prompt)].slice(0, length));
    const { newIds } = await generateAll(targets, [start], { maxNewTokens: length, temperature: 0 });
    expect(task.tokenizer.decode(newIds)).toBe(answer);
  }
  await targets.dispose();
});
