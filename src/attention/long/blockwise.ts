import { type Dim, fail } from '../../core/index.js';
import { type FormDeclaration, Module } from '../../nn/index.js';
import { type Tensor, tap } from '../../ops/index.js';
import { type AttentionInputs, type AttentionParts, checkFit } from '../attend.js';
import { Attention, type AttentionForm } from '../attention.js';
import { both } from '../masks/both.js';
import { causal } from '../masks/causal.js';
import { type Mask, partFunction } from '../parts.js';
import { placesOf } from '../places.js';
import { bandsOf, type Operand, overRowBlocks } from './row-blocks.js';
import { weigh } from './weigh.js';

export interface BlockwiseOptions extends Omit<AttentionParts, 'dropout'> {
  /** Nothing later is seen, and what lies beyond the diagonal's blocks is never computed. */
  readonly causal?: boolean | undefined;
  /** Queries in a block; by default as many as keep a block's scores below 64 MiB. */
  readonly block?: number | undefined;
}

/** What a block's scores may take, of all sequences and heads together. */
const scoreBytes = 64 * 2 ** 20;
const largestBlock = 1024;
/** A causal attention's queries are cut into so many bands, which see as many keys as their last query. */
const causalBands = 4;

/**
 * Exact attention whose memory grows with length, not with its square (after Dao et al. 2022, FlashAttention, and Rabe and
 * Staats 2021): the function of `Attention` with the same parts, its queries taken in blocks. A block meets all its keys at
 * once, so every score, mask, bias, normaliser and mix of the algebra is allowed, not softmax alone; its scores are computed
 * again in the backward pass (FlashAttention-2's algorithm 2 in rows instead of tiles), and never kept.
 *
 * The pattern is never formed: there are no sites `scores` and `pattern`. `materialised()` is the same function with them.
 * Dropout of the pattern is refused, as its mask would be as large as the pattern. With a memory of earlier tokens, or a
 * length that is not known when tracing (a prompt's program for all lengths), it is `materialised()` that runs.
 * @example new MultiHeadAttention({ width: 512, heads: 8, attention: new BlockwiseAttention({ causal: true }) })
 */
export class BlockwiseAttention extends Module implements AttentionForm {
  readonly parts: AttentionParts;
  readonly causal: boolean;
  readonly block: number | undefined;

  /** @throws value: a block that is not a whole number from 1; unsupported: dropout of the pattern */
  constructor({ causal = false, block, ...parts }: BlockwiseOptions = {}) {
    super();
    const where = 'blockwise attention';
    if (block !== undefined && (!Number.isInteger(block) || block < 1))
      throw fail('value', { where, rule: 'a block of a whole number of queries from 1', got: String(block) });
    if ('dropout' in parts && parts.dropout) {
      const fix = "Drop units of the layer's output instead (outputDropout)";
      throw fail('unsupported', { where, rule: 'no dropout of a pattern that is never formed', got: `dropout ${parts.dropout}`, fix });
    }
    this.parts = { ...parts };
    this.causal = causal;
    this.block = block;
  }

  /** The same function, its pattern formed: sites `scores` and `pattern`, memory T·S. It shares this one's parameters. */
  materialised(): Attention {
    return new Attention(this.#allParts());
  }

  /**
   * @param query [B,H,T,D] @param key [B,K,S,D] @param value [B,K,S,D'] @returns [B,T,H,D']
   * @throws shape, dtype: as `attend`; shape: a mask or bias that does not broadcast to [B,H,T,S]
   */
  attend(query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs = {}): Tensor {
    const [batch, heads, queries] = query.shape as [Dim, number, Dim];
    const keys = key.shape[2] as Dim;
    if (inputs.past !== undefined || typeof queries !== 'number' || typeof keys !== 'number') {
      return this.materialised().attend(query, key, value, inputs);
    }
    checkFit(query, key, value, inputs);
    const most = this.causal ? Math.ceil(queries / causalBands) : largestBlock;
    const block = this.block ?? fittingBlock((typeof batch === 'number' ? batch : 1) * heads * keys, Math.min(most, largestBlock));
    const places = inputs.places ?? placesOf(queries, keys);
    const operands: Record<string, Operand> = {
      query: { value: tap('query', query), queryAxis: 2 },
      key: { value: tap('key', key), keyAxis: 2 },
      value: { value: tap('value', value), keyAxis: 2 },
      queryPlaces: byPair('places', places.query, queries, keys),
      keyPlaces: byPair('places', places.key, queries, keys),
      ...(inputs.mask && { mask: byPair('mask', inputs.mask, queries, keys) }),
      ...(inputs.bias && { bias: byPair('bias', inputs.bias, queries, keys) }),
    };
    // Places of one's own need not rise with the index, by which blocks are left out.
    const skips = this.causal && inputs.places === undefined;
    const parts = this.#allParts();
    const everyQueryAttends = inputs.everyQueryAttends ?? (parts.mask === undefined && inputs.mask === undefined);
    const mixed = overRowBlocks(operands, bandsOf(queries, keys, Math.min(block, queries), skips, causalBands), (now) =>
      weigh(parts, {
        query: now.query as Tensor,
        key: now.key as Tensor,
        value: now.value as Tensor,
        places: { query: now.queryPlaces as Tensor, key: now.keyPlaces as Tensor },
        mask: now.mask,
        bias: now.bias,
        everyQueryAttends,
      }),
    );
    return tap('mixed', mixed);
  }

  #allParts(): AttentionParts {
    if (!this.causal) return this.parts;
    const own = this.parts.mask;
    const mask: Mask = own === undefined ? causal : (places) => both(causal(places), partFunction(own)(places)) as Tensor;
    return { ...this.parts, mask };
  }
}

/** As many queries as fit, halving `most`; at least 16, for products of fewer rows are slow. */
function fittingBlock(scoresPerQuery: number, most: number): number {
  let block = most;
  while (block > 16 && 4 * block * scoresPerQuery > scoreBytes) block = Math.ceil(block / 2);
  return block;
}

/** What broadcasts to [B,H,T,S], with the axes that it has of its own. */
function byPair(name: string, value: Tensor, queries: number, keys: number): Operand {
  const axis = (fromEnd: number, size: number): number | undefined => {
    const at = value.rank - fromEnd;
    const own = value.shape[at];
    if (own === undefined || own === 1) return undefined;
    if (own === size) return at;
    const rule = `a ${name} that broadcasts to [B,H,${queries},${keys}]`;
    throw fail('shape', { where: 'blockwise attention', rule, got: `[${value.shape}]` });
  };
  return { value, queryAxis: axis(2, queries), keyAxis: axis(1, keys) };
}

export const blockwiseForm: FormDeclaration = {
  name: 'BlockwiseAttention',
  formula: 'as Attention with the same parts: mix(normaliser(score(q, k) + bias | mask), v), block by block of queries',
  paper: 'Dao et al. 2022, section 3.1; Dao 2023, algorithm 2; Rabe and Staats 2021',
  time: 'T·S·D',
  memory: 'S·(D + block)',
  exact: true,
  causal: 'yes',
  cacheable: true,
  use: 'Long texts, exactly: memory linear in length, forward and backward. `materialised()` shows the pattern.',
  file: 'src/attention/long/blockwise.ts',
};
