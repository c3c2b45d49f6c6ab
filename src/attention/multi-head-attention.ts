import { type Dim, fail } from '../core/index.js';
import { child, type FormDeclaration, Linear, type LinearOptions, LowRankLinear, Module, RmsNorm } from '../nn/index.js';
import { dropout, formatSpec, type Initializer, type Tensor, tap } from '../ops/index.js';
import { type Rotation, rotate } from '../position/index.js';
import type { AttentionInputs } from './attend.js';
import { Attention, type AttentionForm } from './attention.js';
import { type Part, partFunction } from './parts.js';

/** What becomes of the mixed values before the output projection: [B,T,H,D'] and the layer's x [B,T,C] → [B,T,H,D']. */
export type Gate = (mixed: Tensor, x: Tensor) => Tensor;

export interface MultiHeadAttentionOptions {
  /** C, of x and of the output. */
  readonly width: number;
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads, K; divides H. H by default; 1 is multi-query attention. */
  readonly kvHeads?: number | undefined;
  /** Width of a head's queries and keys, D; width/heads by default. */
  readonly headWidth?: number | undefined;
  /** Width of a head's values, D'; D by default. */
  readonly valueWidth?: number | undefined;
  /** Width of what keys are made of; `width` by default. */
  readonly keyInput?: number | undefined;
  /** Width of what values are made of; `keyInput` by default. */
  readonly valueInput?: number | undefined;
  /** How queries, keys and values meet; scaled dot-product attention by default. */
  readonly attention?: AttentionForm | undefined;
  /** What becomes of the mixed values; nothing by default. */
  readonly gate?: Part<Gate> | undefined;
  /** Whether queries, keys and values have biases; they do by default. */
  readonly bias?: boolean | undefined;
  /** Whether the output projection has one; as `bias` by default. */
  readonly outputBias?: boolean | undefined;
  /** ε of a norm of each head's queries and keys, before they turn (Qwen3); none by default. */
  readonly normEpsilon?: number | undefined;
  /** Dropout of the output, while training. */
  readonly outputDropout?: number | undefined;
  /** How the projections to queries, keys and values start; `Linear`'s way by default. */
  readonly initializer?: Initializer | undefined;
  /** Rank of the projections, which are then factorised (`LowRankLinear`); full by default. */
  readonly rank?: number | undefined;
  /** How the output projection starts. */
  readonly outputInitializer?: Initializer | undefined;
}

/** Keys and values that were made of a context before (its sites `key` and `value`), once for all steps of decoding. */
export interface ProjectedContext {
  /** [B,K,S,D]; of batch 1, it is every row's. */
  readonly keys: Tensor;
  /** [B,K,S,D'] */
  readonly values: Tensor;
}

/** What a call is told, besides x. */
export interface MultiHeadAttentionInputs extends AttentionInputs {
  /** What keys, and values if nothing else is said, are made of (cross-attention): [B,S,keyInput]; x by default. */
  readonly context?: Tensor | undefined;
  /** What values are made of: [B,S,valueInput]; `context` by default. */
  readonly valueContext?: Tensor | undefined;
  /** In the place of a context: its keys and values. */
  readonly projected?: ProjectedContext | undefined;
  /** Turns queries and keys; without it, attention knows no positions. */
  readonly rotation?: Rotation | undefined;
}

/**
 * Multi-head attention: Concat(head_1 … head_H) W^O with head_i = attention(x W_i^Q, c W_i^K, c W_i^V) (Vaswani et al. 2017,
 * section 3.2.2; their h, d_model, d_k, d_v are our H, C, D, D'). c is x itself, or another sequence: cross-attention.
 *
 * With K < H, each H/K neighbouring query heads share keys and values (Ainslie et al. 2023, grouped queries), so that a cache
 * is H/K times smaller; K = 1 is multi-query attention (Shazeer 2019). What an attention is, is the form's affair.
 * Taps the form's sites (`query`, `key`, `value`, `scores`, `pattern`, `mixed`) and `output`.
 * @example new MultiHeadAttention({ width: 384, heads: 6, kvHeads: 2, attention: new Attention({ mask: causal }) })
 */
export class MultiHeadAttention extends Module {
  readonly query: Linear | LowRankLinear;
  readonly key: Linear | LowRankLinear;
  readonly value: Linear | LowRankLinear;
  readonly output: Linear | LowRankLinear;
  readonly queryNorm: RmsNorm | undefined;
  readonly keyNorm: RmsNorm | undefined;
  readonly attention: AttentionForm;
  readonly gate: Part<Gate> | undefined;
  readonly heads: number;
  readonly kvHeads: number;
  readonly outputDropout: number;

  /** @throws shape: key heads that do not divide the query heads, or heads that do not divide the width */
  constructor(options: MultiHeadAttentionOptions) {
    super();
    const { width, heads, kvHeads = heads, headWidth = width / heads, valueWidth = headWidth } = options;
    const { keyInput = width, valueInput = keyInput, bias = true, outputBias = bias } = options;
    const { normEpsilon, rank, initializer, outputInitializer } = options;
    checkHeads('multi-head attention', { width, heads, kvHeads, headWidth, valueWidth });
    const projection = (field: string, from: number, to: number, start: LinearOptions): Linear | LowRankLinear =>
      child(field, () => (rank === undefined ? new Linear(from, to, start) : new LowRankLinear(from, to, { ...start, rank })));
    this.query = projection('query', width, heads * headWidth, { bias, initializer });
    this.key = projection('key', keyInput, kvHeads * headWidth, { bias, initializer });
    this.value = projection('value', valueInput, kvHeads * valueWidth, { bias, initializer });
    this.output = projection('output', heads * valueWidth, width, { bias: outputBias, initializer: outputInitializer });
    const norm = (): RmsNorm | undefined => (normEpsilon === undefined ? undefined : new RmsNorm(headWidth, { epsilon: normEpsilon }));
    this.queryNorm = norm();
    this.keyNorm = norm();
    this.attention = options.attention ?? new Attention();
    this.gate = options.gate;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.outputDropout = options.outputDropout ?? 0;
  }

  /**
   * @param x [B,T,C] @param inputs.mask broadcasts to [B,H,T,S], bool, true = attend @returns [B,T,C]
   * @throws shape: ranks or widths that do not fit; dtype: a mask that is not boolean; unsupported: a context that is
   * rotated, or that follows a past
   */
  forward(x: Tensor, { context, valueContext, projected, rotation, ...inputs }: MultiHeadAttentionInputs = {}): Tensor {
    const keySource = context ?? x;
    const valueSource = valueContext ?? keySource;
    checkSources({ x, context, valueContext });
    if (projected !== undefined && (context ?? valueContext) !== undefined) refuseBoth();
    if (keySource !== x || projected !== undefined) refuseWithContext({ rotation, past: inputs.past });
    const turned = (columns: Tensor): Tensor => (rotation === undefined ? columns : rotate(columns, rotation));
    const query = turned(byHead(this.query.forward(x), this.heads, this.queryNorm)); // [B,H,T,D]
    const key = projected?.keys ?? turned(byHead(this.key.forward(keySource), this.kvHeads, this.keyNorm)); // [B,K,S,D]
    const value = projected?.values ?? byHead(this.value.forward(valueSource), this.kvHeads); // [B,K,S,D']
    const mixed = this.attention.attend(query, key, value, inputs); // [B,T,H,D']
    const gated = this.gate === undefined ? mixed : partFunction(this.gate)(mixed, x);
    const [batch, length, heads, width] = gated.shape as [Dim, Dim, number, number];
    return tap('output', dropout(this.output.forward(gated.reshape([batch, length, heads * width])), this.outputDropout));
  }
}

/** [B,T,H·D] → [B,H,T,D], each head's row normalised where there is a norm. */
export function byHead(x: Tensor, heads: number, norm?: RmsNorm): Tensor {
  const [batch, length, width] = x.shape as [Dim, Dim, number];
  const rows = x.reshape([batch, length, heads, width / heads]);
  return (norm === undefined ? rows : norm.forward(rows)).transpose([0, 2, 1, 3]);
}

/** @throws shape: as MultiHeadAttention's constructor */
export function checkHeads(
  where: string,
  sizes: Readonly<Record<'width' | 'heads' | 'kvHeads' | 'headWidth' | 'valueWidth', number>>,
): void {
  const { width, heads, kvHeads, headWidth, valueWidth } = sizes;
  const refuse = (rule: string, got: string, fix?: string): Error => fail('shape', { where, rule, got, ...(fix && { fix }) });
  const whole = (n: number | undefined): n is number => n !== undefined && Number.isInteger(n) && n >= 1;
  if (!whole(heads)) throw refuse('a whole number of heads from 1', String(heads));
  if (!whole(kvHeads) || heads % kvHeads !== 0) {
    const fix = `Choose among the divisors of ${heads}`;
    throw refuse('a number of key and value heads that divides the query heads', `${kvHeads} for ${heads}`, fix);
  }
  if (!whole(headWidth)) throw refuse('a number of heads that divides the width, or a headWidth', `width ${width}, heads ${heads}`);
  if (!whole(valueWidth)) throw refuse('a whole valueWidth from 1', String(valueWidth));
}

function checkSources(sources: Readonly<Record<string, Tensor | undefined>>): void {
  for (const [name, x] of Object.entries(sources)) {
    if (x === undefined || x.rank === 3) continue;
    const rule = `${name} of three axes, [batch,length,width]`;
    throw fail('shape', { where: 'multi-head attention', rule, got: formatSpec(x) });
  }
}

function refuseBoth(): never {
  throw fail('unsupported', {
    where: 'multi-head attention',
    rule: 'a context, or its keys and values',
    got: 'both',
    fix: 'Leave one out',
  });
}

function refuseWithContext(inputs: Pick<MultiHeadAttentionInputs, 'rotation' | 'past'>): void {
  for (const [name, given] of Object.entries(inputs)) {
    if (given === undefined) continue;
    throw fail('unsupported', {
      where: 'multi-head attention',
      rule: `self-attention, where a ${name} is given: another sequence has positions and a length of its own`,
      got: `a ${name} and a context`,
      fix: `Leave the ${name} out`,
    });
  }
}

export const multiHeadForm: FormDeclaration = {
  name: 'MultiHeadAttention',
  formula: 'Concat_i(attention(x W_i^Q, c W_i^K, c W_i^V)) W^O, c = x (self) or another sequence (cross)',
  paper: 'Vaswani et al. 2017, section 3.2.2',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'The layer around every form: heads that each look for something else.',
  file: 'src/attention/multi-head-attention.ts',
};
