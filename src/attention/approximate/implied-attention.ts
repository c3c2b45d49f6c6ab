import { equalDims, fail } from '../../core/index.js';
import { Module } from '../../nn/index.js';
import { formatSpec, type Tensor, tap } from '../../ops/index.js';
import { type AttentionInputs, checkFit } from '../attend.js';
import type { AttentionForm } from '../attention.js';
import { repeatHeads } from '../groups.js';

export interface ImpliedOptions {
  /** Goes through the weights it implies, T·S of them, and taps them as `pattern`: the same function, for looking. */
  readonly materialise?: boolean | undefined;
}

/** Queries, keys and values of as many heads, and which keys count. */
export interface Meeting {
  /** [B,H,T,D] */
  readonly query: Tensor;
  /** [B,H,S,D] */
  readonly key: Tensor;
  /** [B,H,1,S] or 1 in the place of sizes, bool, true = attend; every key counts where there is none. */
  readonly keys: Tensor | undefined;
}

/**
 * A form that never forms its pattern: what each query gathers is linear in the values, `weights · V`, but computed by
 * another way round. The weights that it implies can be had for looking: `pattern(…)`, or the site `pattern` of a form
 * with `materialise`, which is the same function through its weights.
 *
 * Only masks of keys (padding) are taken: which pairs meet is the form's own affair. A memory of keys and values is not:
 * forms that can go on token by token do it by a state.
 */
export abstract class ImpliedAttention extends Module implements AttentionForm {
  /** What it is called in errors. */
  abstract readonly label: string;
  readonly materialise: boolean;

  constructor({ materialise = false }: ImpliedOptions = {}) {
    super();
    this.materialise = materialise;
  }

  /** What the form computes, in its own way: [B,H,T,D']. */
  protected abstract mix(meeting: Meeting, value: Tensor): Tensor;
  /** The weights it implies: [B,H,T,S]. */
  protected abstract weights(meeting: Meeting): Tensor;

  /**
   * @param query [B,H,T,D] @param key [B,K,S,D], K divides H @param value [B,K,S,D'] @returns [B,T,H,D']
   * @throws shape, dtype: what does not fit; unsupported: a mask of pairs, a bias, a memory, places
   */
  attend(query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs = {}): Tensor {
    checkFit(query, key, value, inputs);
    const q = tap('query', query);
    const meeting = this.meeting(q, key === query ? q : tap('key', key), inputs);
    if (!equalDims(key.shape[2] ?? 1, value.shape[2] ?? 1)) this.refuse('shape', 'as many values as keys', value);
    const values = repeatHeads(tap('value', value), query.shape[1] as number);
    const mixed = this.materialise ? tap('pattern', this.weights(meeting)).matmul(values) : this.mix(meeting, values);
    return tap('mixed', mixed.transpose([0, 2, 1, 3]));
  }

  /**
   * The weights by which values are summed, whether positive and summing to 1 or not: `attend` is `pattern · V`.
   * @param query [B,H,T,D] @param key [B,K,S,D] @returns [B,H,T,S]
   */
  pattern(query: Tensor, key: Tensor, inputs: AttentionInputs = {}): Tensor {
    checkFit(query, key, key, inputs);
    return this.weights(this.meeting(query, key, inputs));
  }

  protected meeting(query: Tensor, key: Tensor, inputs: AttentionInputs): Meeting {
    for (const name of ['bias', 'past', 'pastMask', 'places'] as const) {
      if (inputs[name] !== undefined) this.refuse('unsupported', `no ${name}: its pairs are never formed`, name);
    }
    if (key.shape[3] !== query.shape[3]) this.refuse('shape', 'queries and keys of one width', key);
    const { mask } = inputs;
    const ofPairs = mask !== undefined && mask.rank > 1 && mask.shape.at(-2) !== 1;
    if (ofPairs) {
      const fix = 'Give keys that count, [B,1,1,S]; where nothing later may be seen, make the form causal';
      this.refuse('unsupported', 'a mask of keys, the same for every query: its pairs are never formed', mask, fix);
    }
    return {
      query,
      key: repeatHeads(key, query.shape[1] as number),
      keys: mask?.reshape([...[1, 1, 1, 1].slice(mask.rank), ...mask.shape]),
    };
  }

  protected refuse(code: 'shape' | 'unsupported' | 'value', rule: string, got: Tensor | string, fix?: string): never {
    const found = typeof got === 'string' ? got : formatSpec(got);
    throw fail(code, { where: this.label, rule, got: found, ...(fix !== undefined && { fix }) });
  }
}

/** Rows of keys that do not count made zero: x [B,H,S,M], keys as in `Meeting`. */
export function onlyKeys(x: Tensor, keys: Tensor | undefined): Tensor {
  return keys === undefined ? x : x.mul(keys.transpose([0, 1, 3, 2]).cast(x.dtype));
}
