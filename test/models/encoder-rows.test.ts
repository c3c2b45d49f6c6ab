import { expect, test } from 'vitest';
import { loadEncoder } from '#dist/checkpoints/index.js';
import { ignored, type TrainingData } from '#dist/datasets/index.js';
import { Bert, EncoderRows } from '#dist/models/index.js';
import { classifyTexts, EncoderRunner, tagTokens } from '#dist/predict/index.js';
import { loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { adamW, train } from '#dist/train/index.js';
import { fixture } from '../support/arrays.js';

const length = 12;

/** The same few rows in every batch. */
function rowsData(
  rows: readonly { readonly ids: readonly number[]; readonly targets: readonly number[] }[],
  padding: number,
): TrainingData {
  const batch = () => ({
    inputs: Int32Array.from(rows.flatMap(({ ids }) => Array.from({ length }, (_, t) => ids[t] ?? padding))),
    targets: Int32Array.from(rows.flatMap(({ targets }) => Array.from({ length }, (_, t) => targets[t] ?? ignored))),
  });
  return {
    size: rows.length,
    packed: false,
    exactMatch: false,
    hasIgnored: true,
    batches: () => batch,
    *evaluation() {
      yield { ...batch(), count: rows.length, length };
    },
  };
}

test.each(['bert-sequence', 'roberta-sequence', 'distilbert-sequence'])('%s learns to tell sentences apart', async (name) => {
  const tokenizer = (await loadTokenizer(fixture(name))) as Tokenizer;
  const model = await loadEncoder(fixture(name));
  const sentences = ['the cat sat', 'the dog ran home', 'paris is in france', 'who is in paris', 'the cat ran', 'a dog sat on the mat'];
  const labels = [0, 1, 2, 2, 0, 1];
  const rows = sentences.map((text, i) => ({ ids: tokenizer.encode(text), targets: [labels[i] as number] }));
  const chosen = async (): Promise<number[]> => {
    const runner = new EncoderRunner(model, tokenizer);
    const found = await classifyTexts(runner, sentences);
    await runner.dispose();
    return found.map(([best]) => best?.index ?? -1);
  };
  expect(await chosen()).not.toEqual(labels);
  const data = rowsData(rows, model.config.padding);
  const { valLoss } = await train(new EncoderRows(model, length), {
    data,
    steps: 150,
    batch: 6,
    optimizer: adamW({ lr: 5e-3 }),
    inThread: true,
  });
  expect(valLoss).toBeLessThan(0.2);
  expect(await chosen()).toEqual(labels);
});

test('tokens: names are found after training', async () => {
  const tokenizer = (await loadTokenizer(fixture('bert-token'))) as Tokenizer;
  const model = await loadEncoder(fixture('bert-token'));
  const texts = ['the cat is in paris', 'paris is home', 'the dog ran'];
  const paris = tokenizer.idOf('paris');
  const rows = texts.map((text) => {
    const ids = tokenizer.encode(text);
    return { ids, targets: ids.map((id) => (id === paris ? 3 : 0)) };
  });
  const data = rowsData(rows, 0);
  await train(new EncoderRows(model, length), { data, steps: 150, batch: 3, optimizer: adamW({ lr: 5e-3 }), inThread: true });
  const runner = new EncoderRunner(model, tokenizer);
  expect(await tagTokens(runner, 'the cat is in paris')).toMatchObject([{ label: 'LOC', text: 'paris', start: 14, end: 19 }]);
  expect(await tagTokens(runner, 'the dog ran')).toEqual([]);
  await runner.dispose();
});

test('what gives no labels is refused', () => {
  const sizes = { vocabulary: 4, context: 8, layers: 1, heads: 1, width: 4 };
  expect(() => new EncoderRows(new Bert(sizes))).toThrow(/masked words or labels; got none/);
  expect(() => new EncoderRows(new Bert({ ...sizes, head: { kind: 'token', labels: ['a', 'b', 'c', 'd', 'e'] } }))).toThrow(
    /at most 4 labels/,
  );
  expect(() => new EncoderRows(new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } }), 9)).toThrow(/1 to 8, the context/);
});
