import type { MultiHeadAttention } from '../../attention/index.js';
import type { HostArray } from '../../core/index.js';
import { encodeModel } from '../../onnx/index.js';
import type { Tensor } from '../../ops/index.js';
import { LayerPass, type LayerPassOptions, tracePass } from './layer-pass.js';

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
  return LayerPass.create(layer, forward(layer), { x, cotangent }, { ...options, tiles: tilesOf(layer, x.shape) });
}

/** The program of that pass alone, an ONNX file. @param shape [B,T,C] of x */
export function attentionOnnx(layer: MultiHeadAttention, shape: readonly number[], threads: number): Uint8Array {
  const x = { shape };
  return encodeModel(tracePass(layer, forward(layer), { x, cotangent: x }, { threads, tiles: tilesOf(layer, shape) }).model);
}

function forward(layer: MultiHeadAttention): (tile: Tensor) => Tensor {
  return (tile) => layer.forward(tile, { everyQueryAttends: true });
}

function tilesOf({ heads }: MultiHeadAttention, shape: readonly number[]): number {
  const [batch, length] = shape as [number, number];
  return tileCount(batch, 4 * heads * length * length);
}

function tileCount(batch: number, bytesOfRow: number): number {
  for (let tiles = 1; tiles < batch; tiles++) if (batch % tiles === 0 && (batch / tiles) * bytesOfRow <= cachedBytes) return tiles;
  return batch;
}
