import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { type EvaluationBatch, ignored, tasks } from '#dist/datasets/index.js';
import { generateAll, nextTokens } from '#dist/generate/index.js';
import { GPT2 } from '#dist/models/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { compile, memory } from '#dist/runtime/index.js';
import { adamW, constant, Evaluator, evaluateModel, parameterReader, train } from '#dist/train/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';
import { scattered } from './bigram.js';

const vocabulary = 7;
const model = new GPT2({ vocabulary, context: 10, layers: 1, heads: 2, width: 16, seed: 8 });
const asked = { packed: false, exactMatch: true, hasIgnored: true };

/** Logits [rows·length][V] of a batch, by a program of their own. */
async function logitsOf({ inputs, count, length }: EvaluationBatch): Promise<number[][]> {
  const forward = compile((x: Tensor) => model.forward(x));
  const { data } = await forward(new HostArray(inputs, [count, length], 'int32'));
  await forward.dispose();
  return Array.from({ length: count * length }, (_, i) => Array.from(data.subarray(i * vocabulary, (i + 1) * vocabulary) as Float32Array));
}
const likeliest = (row: readonly number[]): number => row.indexOf(Math.max(...row));

/** Rows of which the first has nothing to predict, and every third is answered right, as the model has it. */
async function batchOf(index: number, count: number, length: number): Promise<EvaluationBatch> {
  const inputs = scattered(vocabulary, index, count * length);
  const plain = { inputs, targets: scattered(vocabulary, index + 50, count * length), count, length };
  const best = (await logitsOf(plain)).map(likeliest);
  const targets = plain.targets.map((id, at) => {
    const row = Math.floor(at / length);
    if (row === 0 || at % length < row % 4) return ignored;
    return row % 3 === 1 ? (best[at] as number) : id;
  });
  return { ...plain, targets };
}

async function evaluated(batches: readonly EvaluationBatch[], kind = asked) {
  const owner = parameterReader(model);
  try {
    return await new Evaluator(model, kind, {}).evaluate(owner, structuredClone(batches));
  } finally {
    await owner.dispose();
  }
}

describe('an evaluation', () => {
  test('counts losses, right targets and right rows as a plain loop over the logits does, ragged batches too', async () => {
    const batches = [await batchOf(1, 9, 10), await batchOf(2, 9, 10), await batchOf(3, 4, 10), await batchOf(4, 5, 6)];
    let [loss, targets, correct, rows, matched] = [0, 0, 0, 0, 0];
    for (const batch of batches) {
      const logits = await logitsOf(batch);
      for (let row = 0; row < batch.count; row++) {
        let [counted, right] = [0, 0];
        for (let at = row * batch.length; at < (row + 1) * batch.length; at++) {
          const target = batch.targets[at] as number;
          if (target === ignored) continue;
          const x = logits[at] as number[];
          loss += Math.log(x.reduce((sum, v) => sum + Math.exp(v), 0)) - (x[target] as number);
          counted++;
          right += likeliest(x) === target ? 1 : 0;
        }
        targets += counted;
        correct += right;
        rows += counted > 0 ? 1 : 0;
        matched += counted > 0 && counted === right ? 1 : 0;
      }
    }
    const found = await evaluated(batches);
    expect(matched).toBeGreaterThan(5);
    expect(matched).toBeLessThan(rows);
    expect(found).toEqual({ loss: expect.closeTo(loss / targets, 5), targets, exactMatch: matched / rows, accuracy: correct / targets });
  });

  test('of plain text is the mean over every token but the first, wherever windows are cut', async () => {
    const windows = 412; // of 10, and one of 5 tokens that is left
    const ids = scattered(vocabulary, 9, windows * 10 + 5 + 1);
    const sumOf = async (start: number, count: number, length: number): Promise<number> => {
      const end = start + count * length;
      const targets = ids.slice(start + 1, end + 1);
      const logits = await logitsOf({ inputs: ids.slice(start, end), targets, count, length });
      return logits.reduce(
        (sum, x, at) => sum + Math.log(x.reduce((s, v) => s + Math.exp(v), 0)) - (x[targets[at] as number] as number),
        0,
      );
    };
    const expected = ((await sumOf(0, windows, 10)) + (await sumOf(windows * 10, 1, 5))) / (ids.length - 1);
    const seen: number[] = [];
    expect(await evaluateModel(model, ids, { onProgress: (n) => seen.push(n) })).toBeCloseTo(expected, 5);
    // As many windows at once as 4096 tokens hold, the rest of the full ones, and the short one.
    expect(seen).toEqual([4090, 4120, 4125]);
  });

  test('sends each program once to each owner, and leaves nothing behind', async () => {
    const before = memory();
    const evaluator = new Evaluator(model, asked, {});
    const batch = await batchOf(1, 3, 10);
    const sent: number[] = [];
    const losses: number[] = [];
    for (let k = 0; k < 2; k++) {
      const reader = parameterReader(model);
      let programs = 0;
      const owner: Pick<typeof reader, 'run'> = {
        run: (request) => {
          programs += request.program === undefined ? 0 : 1;
          return reader.run(request);
        },
      };
      losses.push((await evaluator.evaluate(owner, structuredClone([batch, batch]))).loss);
      sent.push(programs);
      await reader.dispose();
    }
    expect(sent).toEqual([1, 1]);
    expect(losses[0]).toBe(losses[1]);
    expectNoMoreMemory(before);
  });

  test('of nothing, or of tokens that are none, is refused', async () => {
    await expect(evaluated([])).rejects.toThrow('evaluation: something to predict; got no target that counts.');
    const batch = await batchOf(1, 3, 10);
    await expect(evaluated([{ ...batch, targets: batch.targets.map(() => ignored) }])).rejects.toThrow('something to predict');
    await expect(evaluated([{ ...batch, inputs: batch.inputs.map(() => 7) }])).rejects.toThrow(
      /evaluation batch: inputs from 0 to 6, the model's vocabulary; got 7 at place 0 of row 0/,
    );
    await expect(evaluated([{ ...batch, count: 4 }])).rejects.toThrow('evaluation batch: 40 inputs, 4 rows of 10; got 30.');
  });
});

test('the exact match of a task is the share of questions that greedy decoding answers right', async () => {
  const task = tasks.reverse.create({ length: 3, symbols: 20 });
  const learner = new GPT2({ vocabulary: task.tokenizer.size, context: task.context, layers: 1, heads: 2, width: 32, seed: 2 });
  const all = task.data();
  const first = [...(all.evaluation({ rows: 120, length: task.context }) as Iterable<EvaluationBatch>)].slice(0, 1);
  const data = {
    size: all.size,
    packed: false,
    exactMatch: true,
    hasIgnored: true,
    batches: (shape: { rows: number; length: number }, seed: number) => all.batches(shape, seed),
    evaluation: () => structuredClone(first),
  };
  const { exactMatch = 0 } = await train(learner, {
    data,
    steps: 14,
    batch: 32,
    schedule: constant(),
    optimizer: adamW({ lr: 1e-2 }),
    inThread: true,
  });
  expect(exactMatch).toBeGreaterThan(0);
  expect(exactMatch).toBeLessThan(1);
  const decoder = await nextTokens(learner);
  const { inputs, targets, count, length } = first[0] as EvaluationBatch;
  let right = 0;
  for (let row = 0; row < count; row++) {
    const answer = targets.subarray(row * length, (row + 1) * length).filter((id) => id !== ignored);
    const question = inputs.subarray(row * length, row * length + 1 + targets.subarray(row * length).findIndex((id) => id !== ignored));
    const { newIds } = await generateAll(decoder, question, { maxNewTokens: answer.length, temperature: 0 });
    right += newIds.every((id, i) => id === answer[i]) ? 1 : 0;
  }
  await decoder.dispose();
  expect(right / count).toBe(exactMatch);
});
