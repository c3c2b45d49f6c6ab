// A child process that runs ONNX models on WebGPU: receives { model, feeds }, answers { results } or { error }.
import ort from 'onnxruntime-node';

/** @typedef {{ type: string, dims: number[], data: Float32Array }} Value */

/** @param {{ model: Uint8Array, feeds: Record<string, Value> }} job */
async function run({ model, feeds }) {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['webgpu'],
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, v]) => [name, new ort.Tensor(/** @type {'float32'} */ (v.type), v.data, v.dims)]);
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(Object.entries(results).map(([name, { type, dims, data }]) => [name, { type, dims, data }]));
  } finally {
    await session.release();
  }
}

process.on('message', (/** @type {Parameters<typeof run>[0]} */ job) => {
  run(job).then(
    (results) => process.send?.({ results }),
    (error) => process.send?.({ error: String(error?.message ?? error) }),
  );
});
