// A child process: trains a small model on WebGPU and on the CPU, and sends what both gave, with where each node ran.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GPT2 } from '#dist/models/index.js';
import { encodeModel } from '#dist/onnx/index.js';
import { input } from '#dist/ops/index.js';
import { engineTensor, lowerProgram, Session } from '#dist/runtime/index.js';
import { DeviceRunner } from '#dist/train/device/runner.js';
import { traceUpdate } from '#dist/train/device/update-program.js';
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

/** How many nodes of a program each provider ran, from ONNX Runtime's own profile. */
async function placements(
  /** @type {Uint8Array} */ onnx,
  /** @type {Record<string, readonly number[]>} */ floats,
  /** @type {Record<string, readonly number[]>} */ ints,
  /** @type {readonly string[]} */ outputs,
) {
  const folder = await mkdtemp(join(tmpdir(), 'headlight-profile-'));
  try {
    const session = await Session.create(onnx, { device: 'webgpu', threads: 1, optimize: false, profile: join(folder, 'p') });
    const size = (/** @type {readonly number[]} */ shape) => shape.reduce((a, b) => a * b, 1);
    const feeds = Object.fromEntries([
      ...Object.entries(floats).map(([name, shape]) => [name, engineTensor('float32', new Float32Array(size(shape)).fill(1), shape)]),
      ...Object.entries(ints).map(([name, shape]) => [name, engineTensor('int32', new Int32Array(size(shape)), shape)]),
    ]);
    await session.run(feeds, Object.fromEntries(outputs.map((name) => [name, null])));
    session.endProfiling();
    await session.dispose();
    const [file = ''] = await readdir(folder);
    /** @type {{ cat: string, name: string, args?: { op_name: string, provider: string } }[]} */
    const events = JSON.parse(await readFile(join(folder, file), 'utf8'));
    /** @type {Record<string, Record<string, number>>} */
    const found = {};
    for (const { cat, name, args } of events) {
      if (cat !== 'Node' || !name.endsWith('_kernel_time') || args === undefined) continue;
      found[args.provider] ??= {};
      const of = /** @type {Record<string, number>} */ (found[args.provider]);
      of[args.op_name] = (of[args.op_name] ?? 0) + 1;
    }
    return found;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function nodes() {
  const model = make();
  const program = traceStep(model, { shape: { rows, length: context } }, { device: 'webgpu' });
  const step = await placements(
    program.onnx,
    Object.fromEntries([...program.parameters, ...program.masks].map(({ input: name, shape }) => [name, shape])),
    Object.fromEntries(program.inputs.map(({ name, shape }) => [name, shape])),
    program.outputs,
  );
  const parameters = applyGroups(parameterShapes(model));
  const traced = traceUpdate({ optimizer, parameters, clip: 1, average: 0.5 }, { device: 'webgpu' });
  const arrays = parameters.flatMap(({ name, shape }) =>
    ['gradient', 'parameter', 'average', 'slot:first_moment', 'slot:second_moment'].map((kind) => [`${kind}:${name}`, shape]),
  );
  const floats = Object.fromEntries([...arrays, ...traced.scalars.map((name) => [name, []]), ['loss', []]]);
  const update = await placements(
    traced.onnx,
    floats,
    {},
    ['loss', 'norm', ...traced.arrays].map((name) => `new:${name}`),
  );
  return { step, update };
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
    nodes: await nodes(),
    refusal: error,
  };
  await kept.dispose();
  return result;
}

main().then(
  (result) => process.send?.({ result }, () => process.disconnect()),
  (error) => process.send?.({ error: String(error?.stack ?? error) }, () => process.disconnect()),
);
