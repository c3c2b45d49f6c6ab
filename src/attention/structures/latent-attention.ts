import { type Dim, fail } from '../../core/index.js';
import { type FormDeclaration, Linear, Module, RmsNorm } from '../../nn/index.js';
import { concat, formatSpec, matmul, parameterTensor, type Tensor, tap } from '../../ops/index.js';
import { type Rotation, rotate } from '../../position/index.js';
import { type AttentionInputs, type AttentionParts, attend } from '../attend.js';
import { weightedSum } from '../mixes/weighted-sum.js';
import { byHead, checkHeads } from '../multi-head-attention.js';
import { scaledDotProductScore } from '../scores/dot-product.js';

export interface LatentAttentionOptions extends Pick<AttentionParts, 'mask' | 'bias' | 'normaliser' | 'dropout'> {
  /** C, of x and of the output. */
  readonly width: number;
  readonly heads: number;
  /** Width of the part of a head's queries and keys that is not turned, D; the paper's d_h. */
  readonly headWidth: number;
  /** Width of a head's values, D'; D by default, as in the paper. */
  readonly valueWidth?: number;
  /** Width of the part that carries positions, R; the paper's d_h^R. */
  readonly rotaryWidth: number;
  /** Width of the latent of keys and values; the paper's d_c. */
  readonly latentWidth: number;
  /** Width of the latent of queries, d_c'; without it queries are made of x itself, as in DeepSeek-V2-Lite. */
  readonly queryLatentWidth?: number;
  /** ε of norms of the latents (section 3.1.2); none by default, as in section 2.1. */
  readonly normEpsilon?: number;
  /** Whether neighbours turn together, as in DeepSeek's weights, instead of halves. */
  readonly interleaved?: boolean;
}

/** What is kept of earlier tokens: latents, d_c + R numbers a token for all heads together. */
export interface LatentPast {
  /** [B,1,P,d_c+R], what the site `latent` held. */
  readonly latents: Tensor;
  /** [B,P] bool, true where the memory holds a token. */
  readonly filled: Tensor;
}

/** What a call is told, besides x. */
export interface LatentAttentionInputs extends Omit<AttentionInputs, 'past'> {
  readonly past?: LatentPast | undefined;
  /** Turns R numbers of each query and of the shared key; without it, attention knows no positions. */
  readonly rotation?: Rotation | undefined;
  /** Whether the latents are attended to as they are; by default, where there is a past. The results are equal. */
  readonly absorbed?: boolean | undefined;
}

/**
 * Multi-head latent attention (DeepSeek-AI 2024, DeepSeek-V2, section 2.1, eq. 9 to 19): keys and values of all heads are
 * made of one narrow latent c^KV = x W^DKV, which is all that a cache keeps, with one rotary key k^R shared by the heads:
 *
 * q_i = [q_i^C; rot(q_i^R)], k_i = [c^KV W_i^UK; rot(x W^KR)], v_i = c^KV W_i^UV, o_i = softmax(q_i·k_i / √(D+R)) v_i.
 *
 * `absorbed`, W^UK goes over to the query and W^UV to the output: (q^C W^UKᵀ)·c^KV. Then all heads read the same latents
 * (multi-query attention of width d_c + R) and nothing is expanded: fewer bytes to read for a new token, more arithmetic for
 * a long text. Sites `query`, `key`, `value`, `mixed` show what is computed: in the absorbed form `key` and `value` are
 * [B,1,T,d_c+R], the latent itself, and `mixed` is [B,T,H,d_c]; `latent` [B,1,T,d_c+R] is there in both.
 * `query`'s last projection holds W^UQ and W^QR side by side in each head, `down`'s W^DKV and W^KR.
 */
export class LatentAttention extends Module {
  readonly queryDown: Linear | undefined;
  readonly queryNorm: RmsNorm | undefined;
  readonly query: Linear;
  readonly down: Linear;
  readonly latentNorm: RmsNorm | undefined;
  readonly keyUp: Linear;
  readonly valueUp: Linear;
  readonly output: Linear;
  readonly options: LatentAttentionOptions;

  /** @throws shape: sizes that are not whole numbers from 1, or a rotary width that is odd */
  constructor(options: LatentAttentionOptions) {
    super();
    const { width, heads, headWidth, valueWidth = headWidth, rotaryWidth, latentWidth, queryLatentWidth, normEpsilon } = options;
    checkHeads('latent attention', { width, heads, kvHeads: heads, headWidth, valueWidth });
    if (!Number.isInteger(rotaryWidth / 2) || rotaryWidth < 2)
      throw fail('shape', { where: 'latent attention', rule: 'an even rotaryWidth from 2', got: String(rotaryWidth) });
    const norm = (size: number): RmsNorm | undefined =>
      normEpsilon === undefined ? undefined : new RmsNorm(size, { epsilon: normEpsilon });
    const plain = { bias: false };
    this.queryDown = queryLatentWidth === undefined ? undefined : new Linear(width, queryLatentWidth, plain);
    this.queryNorm = queryLatentWidth === undefined ? undefined : norm(queryLatentWidth);
    this.query = new Linear(queryLatentWidth ?? width, heads * (headWidth + rotaryWidth), plain);
    this.down = new Linear(width, latentWidth + rotaryWidth, plain);
    this.latentNorm = norm(latentWidth);
    this.keyUp = new Linear(latentWidth, heads * headWidth, plain);
    this.valueUp = new Linear(latentWidth, heads * valueWidth, plain);
    this.output = new Linear(heads * valueWidth, width, plain);
    this.options = options;
  }

  /** @param x [B,T,C] @param inputs.mask broadcasts to [B,H,T,T], bool, true = attend @returns [B,T,C] */
  forward(x: Tensor, { past, rotation, absorbed = past !== undefined, ...inputs }: LatentAttentionInputs = {}): Tensor {
    const { heads, headWidth, rotaryWidth, latentWidth, interleaved = false, mask, bias, normaliser, dropout } = this.options;
    this.#checkPast(past);
    const turned = (part: Tensor): Tensor => (rotation === undefined ? part : rotate(part, rotation, { interleaved }));
    const [batch, length] = x.shape as [Dim, Dim];
    const [content, shared] = this.down.forward(x).split([latentWidth, rotaryWidth], 2) as [Tensor, Tensor];
    const normed = this.latentNorm?.forward(content) ?? content;
    const sharedKey = turned(shared.reshape([batch, 1, length, rotaryWidth]));
    const latent = tap('latent', concat([normed.reshape([batch, 1, length, latentWidth]), sharedKey], 3)); // [B,1,T,d_c+R]
    const source = this.queryDown?.forward(x) ?? x;
    const queries = byHead(this.query.forward(this.queryNorm?.forward(source) ?? source), heads); // [B,H,T,D+R]
    const [plainQuery, turning] = queries.split([headWidth, rotaryWidth], 3) as [Tensor, Tensor];
    const rotaryQuery = turned(turning);
    const score = scaledDotProductScore({ scale: 1 / Math.sqrt(headWidth + rotaryWidth) });
    const parts = { score, mask, bias, normaliser, dropout };

    if (absorbed) {
      const up = this.#perHead(this.keyUp); // [1,H,d_c,D]
      const query = concat([matmul(plainQuery, up, { transposeB: true }), rotaryQuery], 3); // [B,H,T,d_c+R]
      const memory = past && { keys: past.latents, values: past.latents, filled: past.filled };
      const mix: AttentionParts['mix'] = (weights, value, places) =>
        weightedSum(weights, value.split([latentWidth, rotaryWidth], 3)[0] as Tensor, places);
      const mixed = attend(query, latent, latent, { ...parts, mix, inputs: { ...inputs, past: memory } }); // [B,T,H,d_c]
      const values = matmul(mixed.transpose([0, 2, 1, 3]), this.#perHead(this.valueUp)); // [B,H,T,D']
      return this.#joined(values.transpose([0, 2, 1, 3]));
    }
    const query = concat([plainQuery, rotaryQuery], 3);
    const recent = this.#expand(latent);
    const earlier = past && this.#expand(past.latents);
    const memory = past && earlier && { keys: earlier.key, values: earlier.value, filled: past.filled };
    return this.#joined(attend(query, recent.key, recent.value, { ...parts, inputs: { ...inputs, past: memory } }));
  }

  /** The keys and values of every head from latents [B,1,S,d_c+R]: [B,H,S,D+R], [B,H,S,D']. */
  #expand(latents: Tensor): { readonly key: Tensor; readonly value: Tensor } {
    const { heads, rotaryWidth, latentWidth } = this.options;
    const [batch, , length] = latents.shape as [Dim, Dim, Dim];
    const [content, sharedKey] = latents.split([latentWidth, rotaryWidth], 3) as [Tensor, Tensor];
    const rows = content.reshape([batch, length, latentWidth]);
    const key = concat([byHead(this.keyUp.forward(rows), heads), sharedKey.expand([batch, heads, length, rotaryWidth])], 3);
    return { key, value: byHead(this.valueUp.forward(rows), heads) };
  }

  /** A projection of latents by head: [d_c,H·D] → [1,H,d_c,D]. */
  #perHead({ weight }: Linear): Tensor {
    const [from, to] = weight.shape as [number, number];
    const { heads } = this.options;
    return parameterTensor(weight)
      .reshape([1, from, heads, to / heads])
      .transpose([0, 2, 1, 3]);
  }

  /** [B,T,H,D'] → [B,T,C] */
  #joined(values: Tensor): Tensor {
    const [batch, length, heads, width] = values.shape as [Dim, Dim, number, number];
    return tap('output', this.output.forward(values.reshape([batch, length, heads * width])));
  }

  #checkPast(past: LatentPast | undefined): void {
    const width = this.options.latentWidth + this.options.rotaryWidth;
    if (past === undefined || (past.latents.rank === 4 && past.latents.shape[1] === 1 && past.latents.shape[3] === width)) return;
    const rule = `latents [B,1,P,${width}], what the site latent held`;
    throw fail('shape', { where: 'latent attention', rule, got: formatSpec(past.latents) });
  }
}

export const latentForm: FormDeclaration = {
  name: 'LatentAttention',
  formula: 'k_i = [c W_i^UK; rot(x W^KR)], v_i = c W_i^UV, c = x W^DKV',
  paper: 'DeepSeek-AI 2024 (DeepSeek-V2), section 2.1',
  time: 'T·S·(D+R)',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Long texts with many heads: the cache holds one narrow latent a token.',
  file: 'src/attention/structures/latent-attention.ts',
};
