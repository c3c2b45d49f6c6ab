// In Chromium: the S step's program (forward and backward, without the update) on WebAssembly or WebGPU; times by turns.
import { storyBatches } from '#dist/cli/bench/step-batches.js';
import { modelOf, stepCases } from '#dist/cli/bench/step-shape.js';
import { configureEngine, engineTensor, Session } from '#dist/runtime/index.js';
import { traceStep } from '#dist/train/index.js';

/**
 * Runs each device's program in turn in one page.
 * @param {{ wasmPaths: string, threads: number, devices: readonly ('cpu' | 'webgpu')[], rounds: number, steps: number }} job
 * @returns {Promise<{ isolated: boolean, times: Record<string, number[]>, losses: Record<string, number> }>}
 */
export default async function page({ wasmPaths, threads, devices, rounds, steps }) {
  configureEngine({ wasmPaths });
  const { shape } = stepCases.S;
  const model = modelOf(shape, 'gelu_new');
  const parameters = model.parameters();
  const { inputs, targets } = storyBatches(shape)(0);
  /** @type {Record<string, number[]>} */
  const times = {};
  /** @type {Record<string, number>} */
  const losses = {};
  const sides = [];
  for (const device of devices) {
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
    times[device] = [];
    sides.push({ device, run: () => session.run(feeds, fetches) });
  }
  for (let round = -1; round < rounds; round++) {
    for (const { device, run } of sides) {
      for (let step = 0; step < steps; step++) {
        const begun = performance.now();
        const { loss } = await run();
        if (round >= 0) times[device]?.push(performance.now() - begun);
        losses[device] = Number(loss?.data[0]);
      }
    }
  }
  return { isolated: globalThis.crossOriginIsolated, times, losses };
}
