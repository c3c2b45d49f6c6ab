import { equalDims } from '../../core/index.js';
import { type Tensor, zeros } from '../../ops/index.js';
import { repeatHeads } from '../groups.js';
import { ImpliedAttention, type ImpliedOptions, type Meeting, onlyKeys } from './implied-attention.js';
import { averages, causalSums, lowerTriangle, rowsToOne, withOnes } from './kernel-sums.js';
import { checkWhole } from './sizes.js';

export interface KernelAttentionOptions extends ImpliedOptions {
  /** Query i sees key j ≤ i; not by default. */
  readonly causal?: boolean | undefined;
  /** Keys whose pairs are formed at once where it is causal; 128 by default. Results are the same for any. */
  readonly chunk?: number | undefined;
}

/**
 * Attention whose weights are products of features, w_ij = φ(q_i)·φ(k_j) / Σ_j φ(q_i)·φ(k_j), computed the other way
 * round (Katharopoulos et al. 2020, eq. 5): φ(Q) (φ(K)ᵀ V), in time linear in T, for features are of a fixed number M.
 *
 * It never forms its pattern, which is w: see `ImpliedAttention`. Causal, it is a recurrence (their section 3.4): the state
 * of a text is Σ_j φ(k_j) ⊗ [v_j, 1], [B,H,M,D'+1], whatever its length; `stateOf` makes it, `step` goes on from it.
 */
export abstract class KernelAttention extends ImpliedAttention {
  readonly causal: boolean;
  readonly chunk: number;

  /** @throws value: a chunk that is not a whole number from 1 */
  constructor({ causal = false, chunk = 128, ...options }: KernelAttentionOptions = {}) {
    super(options);
    checkWhole('attention by features', { chunk });
    this.causal = causal;
    this.chunk = chunk;
  }

  /** φ of queries or of keys, all ≥ 0: [B,H,T,D] → [B,H,T,M]. */
  protected abstract features(x: Tensor, of: 'queries' | 'keys'): Tensor;

  protected mix({ query, key, keys }: Meeting, value: Tensor): Tensor {
    const [q, k] = [this.features(query, 'queries'), onlyKeys(this.features(key, 'keys'), keys)];
    if (!this.causal) return averages(q.matmul(k.matmul(withOnes(value), { transposeA: true })));
    this.checkCausal(query, key);
    return averages(causalSums(q, k, withOnes(value), this.chunk));
  }

  protected weights({ query, key, keys }: Meeting): Tensor {
    const k = onlyKeys(this.features(key, 'keys'), keys);
    const products = this.features(query, 'queries').matmul(k, { transposeB: true });
    if (this.causal) this.checkCausal(query, key);
    return rowsToOne(this.causal ? products.mul(lowerTriangle(query.shape[2] as number)) : products);
  }

  /** What later tokens need of these: Σ_j φ(k_j) ⊗ [v_j, 1]. @param key [B,H,S,D] @param value [B,H,S,D'] @returns [B,H,M,D'+1] */
  stateOf(key: Tensor, value: Tensor): Tensor {
    return this.features(key, 'keys').matmul(withOnes(value), { transposeA: true });
  }

  /**
   * The next token: the same as the last row of `attend` over the whole text, at a cost that does not grow with it.
   * @param query [B,H,1,D] @param key [B,K,1,D] @param value [B,K,1,D'] @param state of the tokens before; of none by default
   * @returns mixed [B,1,H,D'], and the state that includes this token
   * @throws unsupported: a form that is not causal; shape: more than one token
   */
  step(query: Tensor, key: Tensor, value: Tensor, state?: Tensor): { readonly mixed: Tensor; readonly state: Tensor } {
    if (!this.causal) this.refuse('unsupported', 'a causal form: others see the tokens to come', 'causal: false');
    if (query.rank !== 4 || query.shape[2] !== 1) this.refuse('shape', 'one token, [B,H,1,D]', query);
    const heads = query.shape[1] as number;
    const own = this.stateOf(repeatHeads(key, heads), repeatHeads(value, heads));
    const next = (state ?? zeros(own.shape)).add(own);
    return { mixed: averages(this.features(query, 'queries').matmul(next)).transpose([0, 2, 1, 3]), state: next };
  }

  private checkCausal(query: Tensor, key: Tensor): void {
    const length = query.shape[2];
    if (typeof length !== 'number') this.refuse('shape', 'a length that is known when it is traced, where it is causal', query);
    if (!equalDims(length, key.shape[2] ?? 1)) this.refuse('shape', 'as many keys as queries, where it is causal', key);
  }
}
