import { expect, test } from 'vitest';
import { GPT2 } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { applyGroups, muon, parameterShapes, traceStep } from '#dist/train/index.js';
import { ruleOf } from '#dist/train/optimizers/index.js';
import { LaneWorker } from '#dist/train/worker/lane-worker.js';

const [width, rows, length] = [16, 2, 8];

test('a worker holds the programs of the matrices in its own share, and no others', async () => {
  const model = new GPT2({ vocabulary: 17, context: length, layers: 1, heads: 2, width });
  const optimizer = muon();
  const parameters = applyGroups(parameterShapes(model));
  const program = traceStep(model, { shape: { rows, length } }, { threads: 1 });
  const optimizerPrograms = ruleOf(optimizer).programs?.(optimizer, parameters) ?? [];
  const setup = {
    program,
    parameters,
    values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, Float32Array.from(p.value.data as Float32Array)])),
    optimizer,
    optimizerPrograms,
    clip: 1,
    accumulate: 1,
    lanes: 2 as const,
    average: 0,
    seed: 0,
  };
  const before = memory();
  const held = () => memory().program ?? { count: 0, bytes: 0 };
  /** A step's program and those of matrices of these shapes. */
  const programs = (...shapes: string[]) => {
    const chosen = optimizerPrograms.filter(({ key }) => shapes.some((shape) => key.startsWith(`newton-schulz ${shape},`)));
    expect(chosen).toHaveLength(shapes.length);
    return { count: 1 + chosen.length, bytes: [program, ...chosen].reduce((sum, { onnx }) => sum + onnx.length, 0) };
  };

  const alone = new LaneWorker();
  await alone.setup(setup);
  expect(held()).toEqual(programs('16x16', '16x64', '64x16'));
  await alone.dispose();

  // Embeddings and attention are the first half of the numbers; the MLP is the second.
  const first = new LaneWorker();
  await first.setup({ ...setup, shared: { index: 0 } });
  expect(held()).toEqual(programs('16x16'));
  const { buffer } = first;
  await first.dispose();

  const second = new LaneWorker();
  await second.setup({ ...setup, shared: { index: 1, ...(buffer && { buffer }) } });
  expect(held()).toEqual(programs('16x64', '64x16'));
  await second.dispose();
  expect(memory()).toEqual(before);
});
