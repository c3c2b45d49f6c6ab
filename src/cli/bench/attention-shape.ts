import { Attention, causal, MultiHeadAttention } from '../../attention/index.js';
import { HostArray, normal, randomKey } from '../../core/index.js';

/** A layer of attention and what it reads. */
export interface AttentionShape {
  readonly batch: number;
  /** Tokens a row, T. */
  readonly length: number;
  readonly heads: number;
  readonly width: number;
  readonly causal: boolean;
}

/** The bench's: L's attention, over all keys and causal. */
export const attentionShape = { batch: 8, length: 256, heads: 6, width: 384 };

/** Floating-point operations forward and backward: 3 · (2·B·T·4·C² + 2·2·B·T²·C), over all pairs of tokens. */
export function attentionWork({ batch, length, width }: AttentionShape): number {
  return 3 * (8 * batch * length * width ** 2 + 4 * batch * length ** 2 * width);
}

/** Our layer for it: four projections with biases, scaled dot products. */
export function attentionLayer({ heads, width, causal: is }: AttentionShape): MultiHeadAttention {
  const layer = new MultiHeadAttention({ width, heads, attention: new Attention(is ? { mask: causal } : {}) });
  layer.seed = 1;
  return layer;
}

/** Normal numbers [B,T,C], the same for the same name: x, and what the output is weighted by. */
export function attentionInput(name: string, { batch, length, width }: AttentionShape): HostArray {
  const key = randomKey(1, name);
  const values = Float32Array.from({ length: batch * length * width }, (_, i) => normal(key, i));
  return new HostArray(values, [batch, length, width], 'float32');
}
