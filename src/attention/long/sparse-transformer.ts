import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { blockOf, withinBlock } from '../masks/blocks.js';
import { causal } from '../masks/causal.js';
import { wholeNumber } from '../masks/whole-number.js';
import type { Mask } from '../parts.js';
import { distance } from '../places.js';
import { blocks, cutLength, lanes, shared } from './layouts.js';
import { overReaches, type ReachInputs } from './reaches.js';
import { SparseForm } from './sparse-form.js';

export interface StridedOptions extends AttentionParts {
  /** l; at √T both parts are equally long, and time grows as T·√T. */
  readonly stride: number;
}

/**
 * "Strided" attention (Child et al. 2019, Sparse Transformer, section 4.3 and eq. 8, both heads' sets in one): the l tokens
 * before, i − l ≤ j ≤ i, and every l-th one, j ≤ i with l | i − j. The near part is computed in blocks of l, the far part
 * in l sequences of every l-th token; one softmax goes over both. For data with a period.
 *
 * The full matrix is never formed: no sites `scores` and `pattern`. `materialised()` is the same function with them.
 */
export class StridedAttention extends SparseForm {
  readonly stride: number;

  /** @throws value: a stride below 1 */
  constructor({ stride, ...parts }: StridedOptions) {
    super(parts);
    this.stride = wholeNumber('strided attention', 'stride', stride, 1);
  }

  readonly #near: Mask = (places) => causal(places).logicalAnd(distance(places).lessEqual(this.stride));

  get pairs(): Mask {
    return (places) => {
      const same = withinBlock(places.query, this.stride).equal(withinBlock(places.key, this.stride));
      return this.#near(places).logicalOr(causal(places).logicalAnd(same));
    };
  }

  protected among(rows: readonly [Tensor, Tensor, Tensor], inputs: ReachInputs): Tensor {
    const length = rows[0].shape[2] as number;
    const near = { layout: blocks(length, this.stride, { before: 1, after: 0 }), allows: this.#near };
    const whole = (n: number): ReturnType<typeof blocks> => blocks(n, n, { before: 0, after: 0 });
    const far = {
      layout: lanes(length, this.stride, whole),
      allows: (places: Parameters<Mask>[0]) => distance(places).greater(this.stride),
    };
    return overReaches(this.parts, rows, [near, far], inputs);
  }
}

export interface FixedOptions extends StridedOptions {
  /** c: how many tokens at the end of a block speak for it; 1 by default. */
  readonly summaries?: number | undefined;
}

/**
 * "Fixed" attention (Child et al. 2019, section 4.3 and eq. 8, both heads' sets in one): the earlier tokens of the query's own
 * block of l, and the last c tokens of every earlier block. For data without a period, as text.
 *
 * The full matrix is never formed: no sites `scores` and `pattern`. `materialised()` is the same function with them.
 */
export class FixedAttention extends SparseForm {
  readonly stride: number;
  readonly summaries: number;

  /** @throws value: a stride below 1, summaries not among 1 … stride */
  constructor({ stride, summaries = 1, ...parts }: FixedOptions) {
    super(parts);
    const where = 'fixed attention';
    this.stride = wholeNumber(where, 'stride', stride, 1);
    this.summaries = wholeNumber(where, 'number of summaries', summaries, 1);
    if (summaries > stride)
      throw fail('value', { where, rule: `at most as many summaries as the stride, ${stride}`, got: String(summaries) });
  }

  get pairs(): Mask {
    return (places) => {
      const own = blockOf(places.query, this.stride).equal(blockOf(places.key, this.stride));
      const speaks = withinBlock(places.key, this.stride).greaterEqual(this.stride - this.summaries);
      return causal(places).logicalAnd(own.logicalOr(speaks));
    };
  }

  protected among(rows: readonly [Tensor, Tensor, Tensor], inputs: ReachInputs): Tensor {
    const { stride, summaries } = this;
    const length = rows[0].shape[2] as number;
    const near = { layout: blocks(length, stride, { before: 0, after: 0 }), allows: causal };
    const count = Math.floor(length / stride);
    if (count === 0) return overReaches(this.parts, rows, [near], inputs);
    const pick = (x: Tensor): Tensor => {
      const [batch, heads, , width] = x.shape as [number, number, number, number];
      const apart = cutLength(x, 0, count * stride).reshape([batch, heads, count, stride, width]);
      const ends = apart.slice([null, null, null, [stride - summaries, stride]]);
      return ends.reshape([batch, heads, count * summaries, width]);
    };
    const earlier: Mask = ({ query, key }) => blockOf(key, stride).less(blockOf(query, stride));
    return overReaches(this.parts, rows, [near, { layout: shared(pick), allows: earlier }], inputs);
  }
}

const common = { exact: true, causal: 'yes', cacheable: true, file: 'src/attention/long/sparse-transformer.ts' } as const;

export const sparseTransformerForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'StridedAttention',
    formula: 'i − l ≤ j ≤ i ∨ (j ≤ i ∧ l | i − j)',
    paper: 'Child et al. 2019 (Sparse Transformer), section 4.3 and eq. 8',
    time: 'T·(l + T/l)·D',
    memory: 'T·(l + T/l)',
    use: 'Long data with a period l, as rows of an image. `materialised()` shows the pattern.',
  },
  {
    ...common,
    name: 'FixedAttention',
    formula: 'j ≤ i ∧ (⌊j/l⌋ = ⌊i/l⌋ ∨ j mod l ≥ l − c)',
    paper: 'Child et al. 2019 (Sparse Transformer), section 4.3 and eq. 8',
    time: 'T·(l + c·T/l)·D',
    memory: 'T·(l + c·T/l)',
    use: 'Long text: the last c tokens of each block speak for it. `materialised()` shows the pattern.',
  },
];
