// A child process: opens the programs of L's training step on WebGPU, with every optimiser, and one that WebGPU cannot run. ONNX Runtime
// says in its log, on standard error, where it has placed their nodes.
import ort from 'onnxruntime-node';
import { modelOf, stepCases } from '#dist/cli/bench/step-shape.js';
import { encodeModel } from '#dist/onnx/index.js';
import { input } from '#dist/ops/index.js';
import { lowerProgram } from '#dist/runtime/index.js';
import { traceUpdate } from '#dist/train/device/update-program.js';
import { adafactor, adamW, applyGroups, lion, muon, parameterShapes, sgd, traceStep } from '#dist/train/index.js';

const { shape } = stepCases.L;
const model = modelOf(shape, 'gelu_new');
const device = 'webgpu';
const step = traceStep(model, { shape: { rows: shape.batch, length: shape.context }, whole: true }, { device });
const parameters = applyGroups(parameterShapes(model));
const updates = [
  adamW(),
  sgd({ momentum: 0.9, nesterov: true }),
  lion(),
  adafactor({ beta1: 0.9, weightDecay: 0.1 }),
  muon({ weightDecay: 0.1 }),
].map(
  (optimizer) => /** @type {const} */ ([optimizer.kind, traceUpdate({ optimizer, parameters, clip: 1, average: 0.99 }, { device }).onnx]),
);
// WebGPU has no float64.
const x = input('x', [4], 'float64');
const mixed = lowerProgram({ y: x.mul(2), z: x.cast('float32').mul(2) }, [{ name: 'x', spec: x }], { device });

ort.env.logLevel = 'verbose';
for (const [name, onnx] of /** @type {const} */ ([['step', step.onnx], ...updates, ['mixed', encodeModel(mixed.model)]])) {
  console.error(`== ${name}`);
  const session = await ort.InferenceSession.create(onnx, {
    executionProviders: [device],
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 0,
  });
  await session.release();
}
