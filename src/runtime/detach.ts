import type { OnnxModel } from '../onnx/index.js';
import type { ExternalBytes } from './engine/engine.js';

/** Initializers from this many bytes on stand beside the model. */
const detachFrom = 1 << 16;

/**
 * Takes the bytes of large initializers out of a model, which then names them: the engine reads them where they lie,
 * without a copy in the model's own bytes, which could hold 2 GiB at most and take a second per half gigabyte to write.
 */
export function detachLarge(model: OnnxModel): { readonly model: OnnxModel; readonly external: readonly ExternalBytes[] } {
  const external: ExternalBytes[] = [];
  const initializers = model.graph.initializers.map((tensor) => {
    if (!(tensor.data instanceof Uint8Array) || tensor.data.length < detachFrom) return tensor;
    const path = `initializer-${external.length}`;
    external.push({ path, data: tensor.data });
    return { ...tensor, data: { location: path, offset: 0, length: tensor.data.length } };
  });
  return { model: { ...model, graph: { ...model.graph, initializers } }, external };
}
