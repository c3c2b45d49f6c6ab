import { fail, HostArray } from '../../core/index.js';
import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { constant, gather, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import type { Places } from '../places.js';
import { type OffsetRange, offsetCount, offsetRange } from '../relative.js';
import { checkSizes } from '../sizes.js';
import { biasByOffset } from './distance-bias.js';

export interface T5BucketOptions {
  /** Number of buckets; 32 by default. Even where both directions are told apart. */
  readonly buckets?: number;
  /** Distance from which on all count as the same; 128 by default. */
  readonly farthest?: number;
  /** Whether keys ahead have buckets of their own (encoders); if not they count as distance 0 (decoders). It is by default. */
  readonly bidirectional?: boolean;
}

export interface T5BiasOptions extends T5BucketOptions {
  /** Query heads, H. */
  readonly heads: number;
}

/**
 * b_ij = w_h[bucket(j − i)]: a learned number for each head and bucket of distances (Raffel et al. 2020, "T5", section 2.1).
 * Near distances have a bucket each, far ones share them logarithmically: `t5Bucket`. T5 adds it to q·k without 1/√D
 * (`dotProductScore`), and one table serves all layers: give them the same module.
 * @example new Attention({ score: dotProductScore(), bias: new T5Bias({ heads: 8, bidirectional: false }), mask: causal })
 */
export class T5Bias extends Module {
  /** [buckets,H], as Hugging Face stores `relative_attention_bias.weight` */
  readonly weight: Parameter;
  readonly range: OffsetRange;
  readonly #buckets: Tensor;

  /** @throws value: as `t5Bucket`, or heads below 1 */
  constructor({ heads, ...options }: T5BiasOptions) {
    super();
    checkSizes('T5 bias', { heads });
    const { buckets = 32, farthest = 128, bidirectional = true } = options;
    this.range = offsetRange(farthest, bidirectional ? farthest : 0, 'T5 bias');
    const ofOffsets = Int32Array.from({ length: offsetCount(this.range) }, (_, n) => t5Bucket(this.range.from + n, options));
    this.#buckets = constant(new HostArray(ofOffsets, [ofOffsets.length], 'int32'));
    this.weight = new Parameter([buckets, heads], normal(0.02));
  }

  /** @returns [1,H,T,S] or [B,H,T,S] */
  forward(places: Places): Tensor {
    const byOffset = gather(parameterTensor(this.weight), this.#buckets).transpose([1, 0]); // [H,N]
    return biasByOffset(byOffset, this.range, places);
  }
}

/**
 * The bucket of an offset j − i, as T5's code counts: of n buckets a direction, the first n/2 are distances 0 … n/2−1, the
 * others n/2 + ⌊log(d / (n/2)) / log(farthest / (n/2)) · n/2⌋, n−1 at most. Bidirectional, n is half of the buckets, and keys
 * ahead have the second half; otherwise keys ahead count as distance 0. Logarithms are float32, as they are there.
 * @throws value: too few buckets, an odd number of them in two directions, or a farthest distance within the exact ones
 */
export function t5Bucket(offset: number, { buckets = 32, farthest = 128, bidirectional = true }: T5BucketOptions = {}): number {
  const refuse = (rule: string, got: number): Error => fail('value', { where: 'T5 bias', rule, got: String(got) });
  const perDirection = bidirectional ? buckets / 2 : buckets;
  if (!Number.isInteger(perDirection) || perDirection < 2) {
    throw refuse(bidirectional ? 'an even number of buckets from 4' : 'a whole number of buckets from 2', buckets);
  }
  const near = Math.floor(perDirection / 2);
  if (!Number.isInteger(farthest) || farthest <= near)
    throw refuse(`a whole farthest distance above ${near}, the last with a bucket of its own`, farthest);
  const first = bidirectional && offset > 0 ? perDirection : 0;
  const d = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  if (d < near) return first + d;
  const share = Math.fround(Math.fround(Math.log(Math.fround(d / near))) / Math.fround(Math.log(farthest / near)));
  return first + Math.min(perDirection - 1, near + Math.floor(Math.fround(share * (perDirection - near))));
}

export const t5BiasForm: FormDeclaration = {
  name: 'T5Bias',
  formula: 'b_ij = w_h[bucket(j − i)]',
  paper: 'Raffel et al. 2020 (T5), section 2.1',
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Learned distances, near ones finely and far ones coarsely, in few numbers.',
  file: 'src/attention/biases/t5-bias.ts',
};
