import { describe, expect, test } from 'vitest';
import { ignored, type TokenBatch, type TrainingData } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { type Gradients, type TrainOptions, train } from '#dist/train/index.js';
import { relativeDifference } from '../support/arrays.js';
import { madeData, scattered } from './bigram.js';

const [vocabulary, context] = [13, 12];
const lengths = [[5, 3, 4], [12], [1, 1, 10], [2, 10]];
const documents = lengths.map((row, r) => row.map((n, d) => scattered(vocabulary, 10 * r + d, n)));

/** Documents side by side in rows; the last token of each predicts nothing. */
function packedRows(): TokenBatch {
  const flat = (of: (ids: Int32Array, number: number) => ArrayLike<number>): Int32Array =>
    Int32Array.from(documents.flatMap((row) => row.flatMap((ids, number) => Array.from(of(ids, number)))));
  return {
    inputs: flat((ids) => ids),
    targets: flat((ids) => [...ids.subarray(1), ignored]),
    documents: flat((ids, number) => ids.map(() => number)),
    positions: flat((ids) => ids.map((_, t) => t)),
  };
}

/** Each document in a row of its own, with padding behind. */
function singleRows(): TokenBatch {
  const all = documents.flat();
  const [inputs, targets] = [new Int32Array(all.length * context), new Int32Array(all.length * context).fill(ignored)];
  all.forEach((ids, row) => {
    inputs.set(ids, row * context);
    targets.set(ids.subarray(1), row * context);
  });
  return { inputs, targets };
}

/** Loss and gradients of a first step. */
async function firstStep(data: TrainingData, batch: number, more: Partial<TrainOptions> = {}) {
  const model = new GPT2({ vocabulary, context, layers: 2, heads: 2, width: 16, seed: 6 });
  let [loss, norm, gradients]: [number, number, Gradients] = [0, 0, {}];
  const { valLoss } = await train(model, {
    data,
    steps: 1,
    batch,
    inThread: true,
    ...more,
    onStep: (r) => {
      [loss, norm] = [r.loss, r.gradientNorm];
    },
    onGradients: (g) => {
      gradients = structuredClone(g);
      return g;
    },
  });
  return { loss, norm, gradients, valLoss };
}

/** The rows of a pass out of all. */
const part = ({ inputs, targets, ...more }: TokenBatch, index: number, rows: number): TokenBatch => {
  const cut = (ids: Int32Array): Int32Array => ids.slice(index * rows * context, (index + 1) * rows * context);
  const { documents: d, positions: p } = more;
  return { inputs: cut(inputs), targets: cut(targets), ...(d && { documents: cut(d) }), ...(p && { positions: cut(p) }) };
};
const dataOf = (all: TokenBatch, packed: boolean): TrainingData =>
  madeData((index, rows) => part(all, index, rows), { packed, hasIgnored: true });

describe('documents packed into rows', () => {
  test('give the loss and the gradients of the documents alone', async () => {
    const single = await firstStep(dataOf(singleRows(), false), documents.flat().length);
    expect(single.norm).toBeGreaterThan(0.1);
    for (const microBatch of [4, 2, 1]) {
      const packed = await firstStep(dataOf(packedRows(), true), 4, { microBatch });
      expect(Math.abs(packed.loss / single.loss - 1)).toBeLessThan(1e-5);
      expect(Math.abs(packed.norm / single.norm - 1)).toBeLessThan(1e-5);
      for (const [name, g] of Object.entries(single.gradients))
        expect(relativeDifference(packed.gradients[name], g), name).toBeLessThan(2e-5);
    }
  });

  test('do not give them where the documents are not told apart', async () => {
    const { documents: _, positions: __, ...blind } = packedRows();
    const [together, packed] = [await firstStep(dataOf(blind, false), 4), await firstStep(dataOf(packedRows(), true), 4)];
    expect(Math.abs(together.loss / packed.loss - 1)).toBeGreaterThan(1e-4);
  });

  test('are refused where the data do not say so, and missed where they do', async () => {
    await expect(firstStep(dataOf(packedRows(), false), 4)).rejects.toThrow(
      /training batch 0: what the data say of themselves, not packed.*Mend packed/,
    );
    const { documents: _, ...less } = packedRows();
    await expect(firstStep(dataOf(less, true), 4)).rejects.toThrow(
      /training batch 0: what the data say of themselves, packed: .*got inputs, targets, positions/,
    );
  });
});
