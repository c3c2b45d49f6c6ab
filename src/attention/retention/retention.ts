import { type Dim, fail, host } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { constant, scan, type Tensor, where, zeros } from '../../ops/index.js';
import { ImpliedAttention, type ImpliedOptions, type Meeting, onlyKeys } from '../approximate/implied-attention.js';
import { fromChunks, inChunks } from '../approximate/kernel-sums.js';
import { checkWhole } from '../approximate/sizes.js';
import { repeatHeads } from '../groups.js';
import { distance, placesOf } from '../places.js';

export interface RetentionOptions extends ImpliedOptions {
  /** What a head keeps from token to token, γ of each head, in (0, 1]; 1 − 2^(−5−h) by default, as in the paper. */
  readonly decays?: readonly number[] | undefined;
  /** Keys whose pairs are formed at once; 128 by default. Results are the same for any. */
  readonly chunk?: number | undefined;
}

/**
 * Retention (Sun et al. 2023, RetNet, section 2.1): weights q_i·k_j/√D · γ^(i−j) for j ≤ i, of no softmax; their
 * parallel, recurrent and chunkwise forms are one function. `attend` is the chunkwise one, in time linear in T; with
 * `materialise` it is the parallel one; `step` is the recurrent one, whose state is Σ_j γ^(i−j) k_j ⊗ v_j, [B,H,D,D'].
 *
 * Weights may be negative and do not sum to 1: the layer normalises what heads gathered (`RetentionGate`). The paper turns
 * queries and keys by their positions before: give the layer a rotation.
 * @example new MultiHeadAttention({ width, heads, attention: new Retention(), gate: new RetentionGate({ width, heads }) })
 */
export class Retention extends ImpliedAttention {
  readonly label = 'retention';
  readonly decays: readonly number[] | undefined;
  readonly chunk: number;

  /** @throws value: decays outside (0, 1], a chunk that is not a whole number from 1 */
  constructor({ decays, chunk = 128, ...options }: RetentionOptions = {}) {
    super(options);
    checkWhole('retention', { chunk });
    const odd = decays?.find((d) => !(d > 0 && d <= 1));
    if (odd !== undefined) throw fail('value', { where: 'retention', rule: 'decays above 0 and at most 1', got: String(odd) });
    this.decays = decays;
    this.chunk = chunk;
  }

  protected weights({ query, key, keys }: Meeting): Tensor {
    const [length, width] = this.checkLengths(query, key);
    const scores = query.matmul(onlyKeys(key, keys), { transposeB: true, scale: 1 / Math.sqrt(width) });
    return scores.mul(this.kept(query, length));
  }

  protected mix({ query, key, keys }: Meeting, value: Tensor): Tensor {
    const [length, width] = this.checkLengths(query, key);
    const size = Math.min(this.chunk, length);
    const [q, k, v] = [query, onlyKeys(key, keys), value].map((x) => inChunks(x, size)) as [Tensor, Tensor, Tensor];
    const scale = 1 / Math.sqrt(width);
    const within = q.matmul(k, { transposeB: true, scale }).mul(this.kept(query, size).unsqueeze(1)).matmul(v);
    const ahead = this.powers(query, size).unsqueeze(1); // γ^(0 … c−1), [H,1,c,1]
    const behind = this.powers(query, size, { reverse: true }).unsqueeze(1);
    const added = k.mul(behind).matmul(v, { transposeA: true }); // what each chunk leaves, [B,H,N,D,D']
    const lasting = this.perHead(query, (decay) => [decay ** size]).reshape([query.shape[1] as number, 1, 1]);
    const before = scan(
      ([state], [chunk]) => ({ carries: [(state as Tensor).mul(lasting).add(chunk as Tensor)], outputs: [state as Tensor] }),
      [zeros([...added.shape.slice(0, 2), ...added.shape.slice(3)])],
      [added.transpose([2, 0, 1, 3, 4])],
    ).outputs[0] as Tensor;
    const decay = this.perHead(query, (d) => [d]).reshape([query.shape[1] as number, 1, 1, 1]);
    const across = q.mul(ahead.mul(decay)).matmul(before.transpose([1, 2, 0, 3, 4]), { scale });
    return fromChunks(within.add(across), length);
  }

  /** What later tokens need of these: Σ_j γ^(T−1−j) k_j ⊗ v_j. @param key [B,H,T,D] @param value [B,H,T,D'] @returns [B,H,D,D'] */
  stateOf(key: Tensor, value: Tensor): Tensor {
    const length = this.checkLengths(key, key)[0];
    return key.mul(this.powers(key, length, { reverse: true })).matmul(value, { transposeA: true });
  }

  /**
   * The next token, as the last row of `attend` over the whole text.
   * @param query [B,H,1,D] @param key [B,K,1,D] @param value [B,K,1,D'] @param state of the tokens before; of none by default
   * @returns mixed [B,1,H,D'], and the state that includes this token
   * @throws shape: more than one token
   */
  step(query: Tensor, key: Tensor, value: Tensor, state?: Tensor): { readonly mixed: Tensor; readonly state: Tensor } {
    if (query.rank !== 4 || query.shape[2] !== 1) this.refuse('shape', 'one token, [B,H,1,D]', query);
    const [heads, width] = [query.shape[1] as number, query.shape[3] as number];
    const own = repeatHeads(key, heads).matmul(repeatHeads(value, heads), { transposeA: true });
    const decay = this.perHead(query, (d) => [d]).reshape([heads, 1, 1]);
    const next = state === undefined ? own : state.mul(decay).add(own);
    return { mixed: query.matmul(next, { scale: 1 / Math.sqrt(width) }).transpose([0, 2, 1, 3]), state: next };
  }

  /** γ^(i−j) for j ≤ i, else 0: [H,T,T]. */
  private kept(query: Tensor, length: number): Tensor {
    const back = distance(placesOf(length, length)); // [T,T]
    const logs = this.perHead(query, (d) => [Math.log(d)]).reshape([query.shape[1] as number, 1, 1]);
    return where(back.greaterEqual(0), back.maximum(0).cast('float32').mul(logs).exp(), 0);
  }

  /** γ^0 … γ^(T−1), or from the last: [H,T,1]. Numbers of the host, in float64. */
  private powers(query: Tensor, length: number, { reverse = false } = {}): Tensor {
    const exponent = (t: number): number => (reverse ? length - 1 - t : t);
    return this.perHead(query, (d) => Array.from({ length }, (_, t) => d ** exponent(t))).unsqueeze(2);
  }

  /** Numbers of each head's decay: [H,N]. */
  private perHead(query: Tensor, of: (decay: number) => readonly number[]): Tensor {
    const heads = query.shape[1] as number;
    const decays = this.decays ?? Array.from({ length: heads }, (_, h) => 1 - 2 ** (-5 - h));
    if (decays.length !== heads) this.refuse('shape', `queries of ${decays.length} heads, one for each decay`, query);
    return constant(host(decays.map((d) => [...of(d)])));
  }

  private checkLengths(query: Tensor, key: Tensor): readonly [number, number] {
    const [, , length, width] = query.shape as [Dim, Dim, Dim, number];
    if (typeof length !== 'number') this.refuse('shape', 'a length that is known when it is traced', query);
    if (key.shape[2] !== length) this.refuse('shape', 'as many keys as queries', key);
    return [length, width];
  }
}

export const retentionForm: FormDeclaration = {
  name: 'Retention',
  formula: '(Q Kᵀ/√D ∘ γ^(i−j)) V over j ≤ i',
  paper: 'Sun et al. 2023 (RetNet), section 2.1',
  time: 'T·D·(c + D), chunks of c',
  memory: 'T·(c + D²/c)',
  exact: true,
  causal: 'yes',
  cacheable: false,
  use: 'Trained in parallel, run as a recurrence: what lies further back counts less, at a rate of each head.',
  file: 'src/attention/retention/retention.ts',
};
