import * as ort from 'onnxruntime-node';
import type { RunEngine, Value } from './engine-check.js';

/** ONNX Runtime's own CPU build, one thread, without its optimisations. */
export const runOnCpu: RunEngine = async ({ model, feeds }) => {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, v]) => [name, new ort.Tensor(v.type as 'float32', v.data as Float32Array, v.dims)]);
    return (await session.run(Object.fromEntries(tensors))) as unknown as Record<string, Value>;
  } finally {
    await session.release();
  }
};
