// In Chromium, and in Node beside it: the S step's program (forward and backward, without the update) on one device.
import { storyBatches } from '#dist/cli/bench/step-batches.js';
import { modelOf, stepCases } from '#dist/cli/bench/step-shape.js';
import { configureEngine, engineTensor, Session } from '#dist/runtime/index.js';
import { traceStep } from '#dist/train/index.js';

/** @typedef {{ losses: number[], ms: number[] }} Block */

/** @type {(() => Promise<number>) | undefined} */
let step;

/**
 * Makes the program ready.
 * @param {{ wasmPaths?: string, threads: number, device: 'cpu' | 'webgpu' }} job
 * @returns {Promise<boolean>} whether the page may have threads
 */
export async function prepare({ wasmPaths, threads, device }) {
  if (wasmPaths !== undefined) configureEngine({ wasmPaths });
  const { shape } = stepCases.S;
  const model = modelOf(shape, 'gelu_new');
  const parameters = model.parameters();
  const { inputs, targets } = storyBatches(shape)(0);
  const program = traceStep(model, { shape: { rows: shape.batch, length: shape.context } }, { device, threads });
  const session = await Session.create(program.onnx, { device, threads, optimize: false });
  const fed = program.parameters.map(({ input, name }) => {
    const value = parameters.get(name)?.value;
    if (value === undefined) throw new Error(`no parameter ${name}`);
    return /** @type {const} */ ([input, engineTensor('float32', value.data, value.shape)]);
  });
  const ids = (/** @type {Int32Array} */ data) => engineTensor('int32', data, [shape.batch, shape.context]);
  const feeds = { ...Object.fromEntries(fed), inputs: ids(inputs), targets: ids(targets) };
  const fetches = Object.fromEntries(program.outputs.map((name) => [name, null]));
  step = async () => Number((await session.run(feeds, fetches)).loss?.data[0]);
  return globalThis.crossOriginIsolated === true;
}

/**
 * Runs some steps of what was made ready.
 * @param {number} count
 * @returns {Promise<Block>}
 */
export async function run(count) {
  if (step === undefined) throw new Error('expected prepare before run');
  /** @type {Block} */
  const block = { losses: [], ms: [] };
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    block.losses.push(await step());
    block.ms.push(performance.now() - begun);
  }
  return block;
}
