import type { Dim } from '../../core/index.js';
import { type FormDeclaration, normal } from '../../nn/index.js';
import { type Initializer, Parameter, parameterTensor, softmax, type Tensor, tap } from '../../ops/index.js';
import { ImpliedAttention, type ImpliedOptions, type Meeting, onlyKeys } from './implied-attention.js';
import { checkWhole } from './sizes.js';

export interface LinformerOptions extends ImpliedOptions {
  /** The longest text, S: projections have a column for each of its places. */
  readonly length: number;
  /** Keys that are left of it, r (the paper's k); at most the length. */
  readonly rank: number;
  /** Whether keys and values are projected alike, F = E; they are not by default. */
  readonly shared?: boolean | undefined;
  /** How projections start; normal numbers of deviation 1/√r by default. `segmentMeans` averages neighbours. */
  readonly initializer?: Initializer | undefined;
}

/**
 * Linformer (Wang et al. 2020, section 4): softmax(Q (E K)ᵀ/√D) (F V), with learned projections E, F [r,S] along the
 * length: S keys become r, whatever the text's length; time is T·r·D. Heads share the projections (their headwise sharing).
 * A shorter text uses the first columns. It sees every key at once, so it cannot be causal, nor go on token by token.
 *
 * Its weights over the r projected keys are the site `projected_pattern` [B,H,T,r]; over the keys themselves they are that
 * times F: `pattern`, which may be negative.
 */
export class LinformerAttention extends ImpliedAttention {
  readonly label = 'Linformer attention';
  /** E [r,S] */
  readonly keyProjection: Parameter;
  /** F [r,S] */
  readonly valueProjection: Parameter;

  /** @throws value: a length or rank that is not a whole number from 1, or a rank above the length */
  constructor({ length, rank, shared = false, initializer = normal(1 / Math.sqrt(rank)), ...options }: LinformerOptions) {
    super(options);
    checkWhole('Linformer attention', { length, rank });
    if (rank > length) this.refuse('value', 'a rank of at most the length', `rank ${rank}, length ${length}`);
    this.keyProjection = new Parameter([rank, length], initializer);
    this.valueProjection = shared ? this.keyProjection : new Parameter([rank, length], initializer);
  }

  protected mix(meeting: Meeting, value: Tensor): Tensor {
    return this.projected(meeting).matmul(this.along(this.valueProjection, value).matmul(onlyKeys(value, meeting.keys)));
  }

  protected weights(meeting: Meeting): Tensor {
    const weights = this.projected(meeting).matmul(this.along(this.valueProjection, meeting.key));
    return meeting.keys === undefined ? weights : weights.mul(meeting.keys.cast('float32'));
  }

  /** Weights over projected keys: [B,H,T,r]. */
  private projected({ query, key, keys }: Meeting): Tensor {
    const few = this.along(this.keyProjection, key).matmul(onlyKeys(key, keys)); // [B,H,r,D]
    const scale = 1 / Math.sqrt(query.shape[3] as number);
    return tap('projected_pattern', softmax(query.matmul(few, { transposeB: true, scale })));
  }

  /** A projection's columns for the places that there are: [r,S']. */
  private along(projection: Parameter, x: Tensor): Tensor {
    const places = x.shape[2] as Dim;
    const longest = projection.shape[1] as number;
    const fix = 'Give it a larger length when it is made, or shorten the text';
    if (typeof places !== 'number') this.refuse('shape', 'a length that is known when it is traced', x);
    if (places > longest) this.refuse('shape', `at most ${longest} keys, the length of its projection`, x, fix);
    return places === longest ? parameterTensor(projection) : parameterTensor(projection).slice([null, [0, places]]);
  }
}

/** Each row the mean of its own run of neighbours; where rank and length are equal, the identity. */
export const segmentMeans: Initializer = (values, shape) => {
  const [rank, length] = shape as readonly [number, number];
  for (let r = 0; r < rank; r++) {
    const [first, end] = [Math.floor((r * length) / rank), Math.floor(((r + 1) * length) / rank)];
    for (let s = first; s < end; s++) values[r * length + s] = 1 / (end - first);
  }
};

export const linformerForm: FormDeclaration = {
  name: 'LinformerAttention',
  formula: 'softmax(Q (E K)ᵀ/√D) (F V), E, F [r,S] learned',
  paper: 'Wang et al. 2020 (Linformer), section 4',
  time: 'T·r·D',
  memory: 'T·r',
  exact: false,
  causal: 'no',
  cacheable: false,
  use: 'Encoders of texts of one length whose attention is of low rank.',
  file: 'src/attention/approximate/linformer-attention.ts',
};
