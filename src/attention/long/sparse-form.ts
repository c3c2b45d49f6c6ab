import { fail } from '../../core/index.js';
import { Module } from '../../nn/index.js';
import { formatSpec, type Tensor, tap } from '../../ops/index.js';
import { type AttentionInputs, type AttentionParts, checkFit } from '../attend.js';
import { Attention, type AttentionForm } from '../attention.js';
import { both } from '../masks/both.js';
import { type Mask, partFunction } from '../parts.js';
import type { ReachInputs } from './reaches.js';

/**
 * Self-attention that sees few pairs and never forms the others. Where queries and keys stand is counted from the first
 * token; with a memory of earlier tokens, or a length not known when tracing, `materialised()` runs.
 */
export abstract class SparseForm extends Module implements AttentionForm {
  readonly parts: AttentionParts;

  constructor(parts: AttentionParts) {
    super();
    this.parts = { ...parts };
  }

  /** The pairs that are seen, as a mask. */
  abstract readonly pairs: Mask;

  /** [B,H,T,D], [B,K,T,D], [B,K,T,D'] → [B,H,T,D'] */
  protected abstract among(rows: readonly [Tensor, Tensor, Tensor], inputs: ReachInputs): Tensor;

  /** The same function with every pair formed and `pairs` as a mask: sites `scores` and `pattern`. It shares this one's parameters. */
  materialised(): Attention {
    const { pairs } = this;
    const own = this.parts.mask;
    return new Attention({
      ...this.parts,
      mask: own === undefined ? pairs : (places) => both(pairs(places), partFunction(own)(places)) as Tensor,
    });
  }

  /**
   * @param query [B,H,T,D] @param key [B,K,T,D] @param value [B,K,T,D'] @param inputs.mask broadcasts to [B,H,1,T]: keys
   * that may be attended to @returns [B,T,H,D']
   * @throws shape: keys of another sequence; unsupported: a bias, places or a mask of pairs, each of which would be as large
   * as what is left out
   */
  attend(query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs = {}): Tensor {
    const sizes = [query.shape[0], query.shape[2], key.shape[2]];
    if (inputs.past !== undefined || sizes.some((n) => typeof n !== 'number')) return this.materialised().attend(query, key, value, inputs);
    checkFit(query, key, value, inputs);
    this.#checkSelf(query, key, inputs);
    const rows = [tap('query', query), tap('key', key), tap('value', value)] as const;
    const everyQueryAttends = inputs.everyQueryAttends ?? (inputs.mask === undefined && this.parts.mask === undefined);
    return tap('mixed', this.among(rows, { keyMask: inputs.mask, everyQueryAttends }).transpose([0, 2, 1, 3]));
  }

  #checkSelf(query: Tensor, key: Tensor, { mask, bias, places }: AttentionInputs): void {
    const at = { where: 'sparse attention' };
    if (query.shape[2] !== key.shape[2]) {
      throw fail('shape', { ...at, rule: 'keys of the queries’ own sequence', got: `${key.shape[2]} keys for ${query.shape[2]} queries` });
    }
    const refuse = (name: string, got: string, fix: string): Error =>
      fail('unsupported', { ...at, rule: `no ${name}: the pairs it speaks of are not formed`, got, fix });
    if (places !== undefined) throw refuse('places of one’s own', 'places', 'Use materialised(), which takes them');
    if (bias !== undefined) throw refuse('bias of a call', formatSpec(bias), 'Give the form a bias, a function of places');
    const fits = mask === undefined || ((mask.shape.at(-2) ?? 1) === 1 && (mask.shape.at(-1) === key.shape[2] || mask.shape.at(-1) === 1));
    if (!fits) throw refuse('mask of pairs', formatSpec(mask), 'Give a mask of keys [B,1,1,T], or the form a mask, a function of places');
  }
}
