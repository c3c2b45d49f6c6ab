import type { MultiHeadAttention } from '../../attention/index.js';
import type { HostArray } from '../../core/index.js';
import { LayerPass, type LayerPassOptions } from './layer-pass.js';

/** Values of this many bytes still find their way through the caches, as in training (`train/step-program`). */
const cachedBytes = 8 * 2 ** 20;

/**
 * Our attention forward and backward. As `train` does, the batch is cut into the fewest equal tiles whose scores stay in the
 * caches.
 */
export function attentionPass(
  layer: MultiHeadAttention,
  x: HostArray,
  cotangent: HostArray,
  options: Omit<LayerPassOptions, 'tiles'>,
): Promise<LayerPass> {
  const [batch, length] = x.shape as [number, number];
  const tiles = tileCount(batch, 4 * layer.heads * length * length);
  return LayerPass.create(layer, (tile) => layer.forward(tile, { everyQueryAttends: true }), { x, cotangent }, { ...options, tiles });
}

function tileCount(batch: number, bytesOfRow: number): number {
  for (let tiles = 1; tiles < batch; tiles++) if (batch % tiles === 0 && (batch / tiles) * bytesOfRow <= cachedBytes) return tiles;
  return batch;
}
