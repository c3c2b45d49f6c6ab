// A child process that runs an ONNX model once: receives { model, feeds }, answers by how many KB the run raised its peak memory.
import ort from 'onnxruntime-node';

/** @typedef {{ type: string, dims: number[], data: Float32Array }} Value */

/** @param {{ model: Uint8Array, feeds: Record<string, Value> }} job */
async function peak({ model, feeds }) {
  // No arena: memory is taken and given back value by value, so that the peak is the graph's own.
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    enableCpuMemArena: false,
    enableMemPattern: false,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const tensors = Object.entries(feeds).map(([name, v]) => [name, new ort.Tensor(/** @type {'float32'} */ (v.type), v.data, v.dims)]);
  const before = process.resourceUsage().maxRSS;
  await session.run(Object.fromEntries(tensors));
  const after = process.resourceUsage().maxRSS;
  await session.release();
  return after - before;
}

process.on('message', (/** @type {Parameters<typeof peak>[0]} */ job) => {
  peak(job).then((kilobytes) => process.send?.(kilobytes));
});
