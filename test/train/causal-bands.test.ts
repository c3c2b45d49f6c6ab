import { expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { GPT2, type LanguageModel, Llama } from '#dist/models/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { parameterTensor, type Tensor } from '#dist/ops/index.js';
import { traceStep } from '#dist/train/index.js';
import { batchTensors, passLoss, stepLoss } from '#dist/train/step-program.js';
import { PassProgram, type TracedPass, tracePass } from '#dist/train/watch/traced-pass.js';
import { relativeDifference } from '../support/arrays.js';
import { scattered } from './bigram.js';

const [vocabulary, context, rows] = [11, 512, 1];
const shape = { rows, length: context };
const plain = { inputs: scattered(vocabulary, 0, rows * context), targets: scattered(vocabulary, 1, rows * context) };
const documents = Int32Array.from({ length: rows * context }, (_, at) => Math.floor(at / 100));
const packed = { ...plain, documents, positions: documents.map((_, at) => at % context) };

const models: [string, LanguageModel, typeof plain][] = [
  ['GPT-2 with dropout', new GPT2({ vocabulary, context, layers: 2, heads: 1, width: 8, dropout: 0.3, seed: 1 }), plain],
  ['GPT-2, packed documents', new GPT2({ vocabulary, context, layers: 1, heads: 2, width: 8, seed: 1 }), packed],
  ['Llama, grouped queries', new Llama({ vocabulary, context, layers: 1, heads: 4, kvHeads: 2, width: 16, hidden: 16, seed: 1 }), plain],
];

test.each(models)('%s: a step in bands has the loss and gradients of one with every pair', async (_, model, batch) => {
  const step = { shape, packed: 'documents' in batch };
  const values = Object.fromEntries([...model.parameters()].map(([name, p]) => [name, p.value.data as Float32Array]));
  const settings = { model, loss: passLoss(step), shape, seed: 3 };
  const whole = tracePass(settings, batch);
  const outputs = async (pass: TracedPass) => {
    const slopes = gradients(
      pass.loss,
      [...model.parameters().values()].map((p) => parameterTensor(p)),
    );
    const byName = Object.fromEntries(Object.keys(values).map((name, i) => [name, slopes[i] as Tensor]));
    const program = await PassProgram.create(settings, pass, { loss: pass.loss, ...byName });
    try {
      return await program.run(values, batch, 7);
    } finally {
      await program.dispose();
    }
  };
  const want = await outputs(whole);
  const got = await outputs({ ...whole, loss: stepLoss(model, batchTensors(shape, step.packed), step) });
  expect(Object.keys(got)).toHaveLength(1 + Object.keys(values).length);
  for (const [name, { data }] of Object.entries(want)) expect(relativeDifference(got[name]?.data, data), name).toBeLessThan(3e-6);
});

test('train runs that step: a quarter of the queries to each of a layer’s softmaxes', () => {
  const [, model] = models[0] as (typeof models)[number];
  const { onnx } = traceStep(model, { shape }, { device: 'cpu', threads: 1 });
  const count = (type: string): number => decodeModel(onnx).graph.nodes.filter((n) => n.type === type).length;
  expect(count('Softmax')).toBe(2 * 4);
  // Sites of a fault's search are of all pairs.
  const { sites } = tracePass({ model, loss: passLoss({ shape }), shape, seed: 0 }, plain);
  expect(sites.get('blocks.1.attention.pattern')?.shape).toEqual([rows, 1, context, context]);
});
