import { fail, HostArray } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { concat, constant, type Tensor } from '../../ops/index.js';
import type { AttentionParts } from '../attend.js';
import { withinBlock } from '../masks/blocks.js';
import { both } from '../masks/both.js';
import { causal } from '../masks/causal.js';
import { wholeNumber } from '../masks/whole-number.js';
import { type Mask, partFunction } from '../parts.js';
import { distance, placesOf } from '../places.js';
import { blocks, cutLength, lanes, shared } from './layouts.js';
import { overReaches, type ReachInputs } from './reaches.js';
import { SparseForm } from './sparse-form.js';
import { weigh } from './weigh.js';

export interface LocalOptions extends AttentionParts {
  /** w: keys less than w steps away are seen, on both sides. */
  readonly window: number;
  /** d, the length of a step: keys at multiples of d only; 1 by default. */
  readonly dilation?: number | undefined;
  /** Nothing later is seen: a query has w keys, its own among them. */
  readonly causal?: boolean | undefined;
  /** Positions that see all and are seen by all, the same in every text. */
  readonly global?: readonly number[] | undefined;
}

/**
 * Attention within a sliding window, |i − j| < w, or a dilated one, |i − j| < w·d with d | i − j, and with a few global
 * tokens, i ∈ G or j ∈ G (Beltagy et al. 2020, Longformer, section 3.1; their window counts both sides, 2w − 1). The
 * sequence is cut into blocks of w, which meet themselves and their neighbours: time and memory grow as T·w, not as T².
 *
 * The full matrix is never formed: no sites `scores` and `pattern`. `materialised()` is the same function with them.
 * @example new LocalAttention({ window: 256, causal: true, global: [0] })
 */
export class LocalAttention extends SparseForm {
  readonly window: number;
  readonly dilation: number;
  readonly causal: boolean;
  readonly global: readonly number[];

  /** @throws value: a window or dilation below 1, global positions that are not whole, or listed twice */
  constructor({ window, dilation = 1, causal: isCausal = false, global = [], ...parts }: LocalOptions) {
    super(parts);
    const where = 'local attention';
    this.window = wholeNumber(where, 'window', window, 1);
    this.dilation = wholeNumber(where, 'dilation', dilation, 1);
    this.causal = isCausal;
    for (const position of global) wholeNumber(where, 'global position', position, 0);
    if (new Set(global).size < global.length) throw fail('value', { where, rule: 'each global position once', got: global.join(', ') });
    this.global = [...global].sort((a, b) => a - b);
  }

  get pairs(): Mask {
    return this.#orEarlier((places) => {
      const near = this.#near(places);
      if (this.global.length === 0) return near;
      return near.logicalOr(this.#isGlobal(places.query)).logicalOr(this.#isGlobal(places.key));
    });
  }

  protected among(rows: readonly [Tensor, Tensor, Tensor], inputs: ReachInputs): Tensor {
    const length = rows[0].shape[2] as number;
    const outside = this.global.find((p) => p >= length);
    if (outside !== undefined) {
      const rule = `global positions below the length, ${length}`;
      throw fail('shape', { where: 'local attention', rule, got: String(outside) });
    }
    const sides = { before: 1, after: this.causal ? 0 : 1 };
    const block = (n: number): ReturnType<typeof blocks> => blocks(n, this.window, sides);
    const layout = this.dilation === 1 ? block(length) : lanes(length, this.dilation, block);
    if (this.global.length === 0) return overReaches(this.parts, rows, [{ layout, allows: this.#orEarlier(this.#near) }], inputs);
    const near = this.#orEarlier((places) => this.#near(places).logicalAnd(this.#isGlobal(places.key).logicalNot()));
    const reaches = [
      { layout, allows: near },
      { layout: shared((x) => this.#pick(x)), ...(this.causal && { allows: causal }) },
    ];
    return this.#withGlobalRows(overReaches(this.parts, rows, reaches, inputs), rows, inputs);
  }

  /** The rows of the global tokens see everything: computed by themselves, g·T pairs, and put in their places. */
  #withGlobalRows(
    mixed: Tensor,
    [query, key, value]: readonly [Tensor, Tensor, Tensor],
    { keyMask, everyQueryAttends }: ReachInputs,
  ): Tensor {
    const length = query.shape[2] as number;
    const places = placesOf(length, length);
    const own = constant(new HostArray(Int32Array.from(this.global), [this.global.length, 1], 'int32'));
    const mask = both(this.causal ? causal({ query: own, key: places.key }) : undefined, keyMask);
    const rows = { query: this.#pick(query), key, value, places: { query: own, key: places.key }, mask, everyQueryAttends };
    const all = weigh(this.parts, rows);
    const pieces = this.global.flatMap((position, i) => {
      const from = i === 0 ? 0 : (this.global[i - 1] as number) + 1;
      return [...(from < position ? [cutLength(mixed, from, position)] : []), cutLength(all, i, i + 1)];
    });
    const after = (this.global.at(-1) as number) + 1;
    return concat(after < length ? [...pieces, cutLength(mixed, after, length)] : pieces, 2);
  }

  /** The global tokens of [B,H,T,D]. */
  #pick(x: Tensor): Tensor {
    const tokens = this.global.map((p) => cutLength(x, p, p + 1));
    return tokens.length === 1 ? (tokens[0] as Tensor) : concat(tokens, 2);
  }

  readonly #near: Mask = (places) => {
    const [behind, reach] = [distance(places), this.window * this.dilation];
    const within = behind.less(reach).logicalAnd(behind.greater(-reach));
    if (this.dilation === 1) return within;
    return within.logicalAnd(withinBlock(places.query, this.dilation).equal(withinBlock(places.key, this.dilation)));
  };

  #isGlobal(place: Tensor): Tensor {
    return this.global.map((p) => place.equal(p)).reduce((a, b) => a.logicalOr(b));
  }

  #orEarlier(rule: Mask): Mask {
    return this.causal ? (places) => causal(places).logicalAnd(partFunction(rule)(places)) : rule;
  }
}

export const localForm: FormDeclaration = {
  name: 'LocalAttention',
  formula: '|i − j| < w·d ∧ d | i − j, or i ∈ G ∨ j ∈ G; with causal also j ≤ i',
  paper: 'Beltagy et al. 2020 (Longformer), section 3.1; Jiang et al. 2023 (Mistral 7B), section 2',
  time: 'T·(w + g)·D',
  memory: 'T·(w + g)',
  exact: true,
  causal: 'yes',
  cacheable: true,
  use: 'Long texts whose meaning is near, with a few tokens that gather the rest. `materialised()` shows the pattern.',
  file: 'src/attention/long/local.ts',
};
