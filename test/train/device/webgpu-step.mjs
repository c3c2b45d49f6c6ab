// A child process: trains a small model on WebGPU and on the CPU, and sends what both gave.
import { GPT2 } from '#dist/models/index.js';
import { encodeModel } from '#dist/onnx/index.js';
import { input } from '#dist/ops/index.js';
import { lowerProgram, Session } from '#dist/runtime/index.js';
import { DeviceRunner } from '#dist/train/device/runner.js';
import { adamW, applyGroups, parameterShapes, StepRunner, traceStep, train } from '#dist/train/index.js';

const [vocabulary, context, rows] = [13, 8, 4];
const make = () => new GPT2({ vocabulary, context, layers: 1, heads: 2, width: 16, dropout: 0.1, seed: 4 });
const optimizer = adamW({ lr: 0.01 });
const ids = Int32Array.from({ length: 2000 }, (_, i) => (i * i + (i >> 2)) % vocabulary);

/** Gradients and one step of a strict owner. */
async function firstStep(/** @type {'cpu' | 'webgpu'} */ device) {
  const model = make();
  const owner = device === 'cpu' ? new StepRunner() : new DeviceRunner({ wholly: true });
  await owner.setup({
    program: traceStep(model, { shape: { rows, length: context } }, { device }),
    parameters: applyGroups(parameterShapes(model)),
    values: Object.fromEntries(
      [...model.parameters()].map(([name, p]) => [name, Float32Array.from(/** @type {Float32Array} */ (p.value.data))]),
    ),
    optimizer,
    optimizerPrograms: [],
    clip: 1,
    accumulate: 1,
    average: 0,
    seed: 0,
  });
  const batch = { inputs: ids.slice(0, rows * context), targets: ids.slice(1, rows * context + 1) };
  const { gradients, report } = await owner.gradients({ step: 0, draw: 0, factor: 1, batches: [batch] });
  await owner.dispose();
  return { gradients, loss: report.loss };
}

/** Losses of `train` in a worker thread, with a batch in two passes and evaluations. */
async function losses(/** @type {'cpu' | 'webgpu'} */ device) {
  /** @type {number[]} */
  const found = [];
  const data = { train: ids.slice(0, 1800), validation: ids.slice(1800, 1800 + 2 * context + 1) };
  const { valLoss } = await train(make(), {
    data,
    steps: 3,
    batch: 2 * rows,
    microBatch: rows,
    optimizer,
    device,
    watchEvery: 1,
    onStep: ({ loss, gradientNorm, updateRatio = 0 }) => found.push(loss, gradientNorm, updateRatio),
  });
  return [...found, valLoss];
}

/** What becomes of a program that the device cannot run wholly: WebGPU has no float64. */
async function refusal() {
  const x = input('x', [3, 4], 'float64');
  const { model } = lowerProgram({ y: x.mul(2) }, [{ name: 'x', spec: x }], { device: 'webgpu' });
  const create = (/** @type {boolean} */ wholly) =>
    Session.create(encodeModel(model), { device: 'webgpu', threads: 1, optimize: false, wholly });
  const kept = await create(false);
  const error = await create(true).then(
    () => 'none',
    (reason) => String(reason.message),
  );
  return { kept, error };
}

async function main() {
  // A session that lives as long as the process keeps the device, and with it the compiled shaders.
  const { kept, error } = await refusal();
  const result = {
    cpu: { ...(await firstStep('cpu')), losses: await losses('cpu') },
    webgpu: { ...(await firstStep('webgpu')), losses: await losses('webgpu') },
    refusal: error,
  };
  await kept.dispose();
  return result;
}

main().then(
  (result) => process.send?.({ result }, () => process.disconnect()),
  (error) => process.send?.({ error: String(error?.stack ?? error) }, () => process.disconnect()),
);
