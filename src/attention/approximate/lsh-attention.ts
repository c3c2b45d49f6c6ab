import { type Dim, type HostArray, multiplyDims } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { concat, iota, permuteRows, rsqrt, softmax, stopGradient, type Tensor, where } from '../../ops/index.js';
import { distance, placesOf } from '../places.js';
import { ImpliedAttention, type ImpliedOptions, type Meeting } from './implied-attention.js';
import { fromChunks, inChunks } from './kernel-sums.js';
import {
  type Buckets,
  bucketCount,
  bucketsOf,
  checkBuckets,
  isNear,
  type LshBucketsOptions,
  rotations,
  type Sorting,
  sortByBucket,
} from './lsh-buckets.js';
import { checkWhole } from './sizes.js';

export interface LshAttentionOptions extends ImpliedOptions {
  /** Buckets of a round, even; or even factors of them, whose hashing is cheaper: 1024 as [32, 32]. */
  readonly buckets: Buckets;
  /** Rounds of hashing; 1 by default. More find more of the keys that matter, at as much more work. */
  readonly rounds?: number | undefined;
  /** Tokens that are compared at once, and with those of the chunk before; divides the length. 2·T/buckets by default. */
  readonly chunk?: number | undefined;
  /** Query i sees key j ≤ i; not by default. */
  readonly causal?: boolean | undefined;
  /** The model's by default; each module has numbers of its own. */
  readonly seed?: number | undefined;
}

/** What a token's score with itself is: below every other, and above none. */
const self = -1e5;
const forbidden = -1e9;
/** The code of what stands before the first chunk: near no bucket. */
const nowhere = -1e8;

/**
 * LSH attention (Kitaev, Kaiser and Levskaya 2020, Reformer, section 2): softmax attention over the keys that hashing finds.
 * Queries are keys: k = q/|q|. In each round tokens are hashed by random directions, sorted by bucket and cut into chunks;
 * a query meets the keys of its bucket in its chunk and the one before. Rounds are joined by the log-sum-exp of their
 * scores, and a key that was met in N rounds counts 1/N in each (their appendix A), so that the result is softmax over the
 * keys met in any round. A token attends to itself only where there is no other. Time and memory are linear in T.
 *
 * It never forms the pattern; `pattern`, and `materialise`, give that softmax with all others masked: the same function.
 * Where it is causal, no later token is seen; but a token later in the text may move the chunks of those before it, so that
 * other pairs are met. There is no state to go on from.
 *
 * Directions are drawn from the seed and the module's path when a program is traced; `redraw()` chooses others.
 * Queries and keys must be one tensor: see `SharedQueryKeyAttention`.
 */
export class LshAttention extends ImpliedAttention {
  readonly label = 'LSH attention';
  readonly buckets: Buckets;
  readonly rounds: number;
  readonly chunk: number | undefined;
  readonly causal: boolean;
  readonly hashSeed: number | undefined;
  /** Which numbers of the seed are drawn. */
  draw = 0;

  /** @throws value: an odd number of buckets; buckets, rounds or a chunk that are not whole numbers from 1 */
  constructor({ buckets, rounds = 1, chunk, causal = false, seed, ...options }: LshAttentionOptions) {
    super(options);
    checkBuckets({ buckets, rounds });
    if (chunk !== undefined) checkWhole('LSH attention', { chunk });
    this.buckets = buckets;
    this.rounds = rounds;
    this.chunk = chunk;
    this.causal = causal;
    this.hashSeed = seed;
  }

  /** Other directions, for programs that are traced from now on. */
  redraw(draw = this.draw + 1): void {
    this.draw = draw;
  }

  /** The random directions of all rounds, [H,D,n·f/2] for each factor f of the buckets. */
  directions(heads: number, width: number): readonly HostArray[] {
    return rotations(heads, width, this.hashing);
  }

  protected mix({ query, key, keys }: Meeting, value: Tensor): Tensor {
    const sorting = this.sorting(query, key);
    const [batch, heads, length] = query.shape as [Dim, number, number];
    const column = (x: Tensor): Tensor => x.cast('float32').expand([batch, heads, length, 1]);
    const places = column(iota(length).reshape([1, 1, length, 1]));
    const counts = keys && column(keys.transpose([0, 1, 3, 2]));
    // Whatever belongs to a token, side by side, goes to its slot in one piece.
    const parts = [query, value, sorting.codes.transpose([0, 1, 3, 2]), places, ...(counts ? [counts] : [])];
    const tokens = concat(parts, 3);
    const widths = parts.map((p) => p.shape[3] as number);
    const rounds = Array.from({ length: this.rounds }, (_, round) => {
      const of = (x: Tensor): Tensor => rowNumbers(x.slice([null, null, [round, round + 1]]).reshape([batch, heads, length]));
      const [order, slots] = [of(sorting.order), of(sorting.slots)];
      const result = this.round(permuted(tokens, order, slots), widths, round);
      return permuted(result, slots, order).split([widths[1] as number, 1], 3) as [Tensor, Tensor];
    });
    const sizes = concat(
      rounds.map(([, size]) => size),
      3,
    );
    const shares = softmax(sizes).split(rounds.length, 3);
    return rounds.map(([mixed], r) => mixed.mul(shares[r] as Tensor)).reduce((a, b) => a.add(b));
  }

  /** One round, over tokens in its order: what each gathers, and the log-sum-exp of its scores; [B,H,T,D'+1]. */
  private round(tokens: Tensor, widths: readonly number[], round: number): Tensor {
    const chunk = this.chunkOf(tokens);
    const pieces = inChunks(tokens, chunk).split(widths, 4);
    const [query, value, codes, places, counts] = pieces as [Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
    const keyRow = (x: Tensor): Tensor => withChunkBefore(x, 0).transpose([0, 1, 2, 4, 3]);
    const back = places.sub(keyRow(places));
    const keyCodes = withChunkBefore(codes, nowhere);
    const near = Array.from({ length: this.rounds }, (_, r) => isNear(codes, keyCodes, r));
    const conditions = [near[round] as Tensor];
    if (this.causal) conditions.push(back.greaterEqual(0));
    if (counts !== undefined) conditions.push(keyRow(counts).greater(0));
    const allowed = conditions.reduce((a, b) => a.logicalAnd(b));
    const scale = 1 / Math.sqrt(widths[0] as number);
    const scores = query.matmul(withChunkBefore(unit(query), 0), { transposeB: true, scale });
    const held = where(allowed, where(back.equal(0), self, scores), forbidden);
    // Softmax and the log of its denominator from the same powers; a row that holds nothing has none.
    const largest = stopGradient(held.max({ axis: 4, keep: true })).maximum(forbidden / 2);
    const once = held.sub(largest).exp();
    // One round meets no key twice.
    const powers = this.rounds === 1 ? once : once.div(timesMet(near));
    const total = powers.sum({ axis: 4, keep: true });
    const mixed = powers.matmul(withChunkBefore(value, 0)).div(where(total.equal(0), 1, total));
    const size = total.maximum(1e-30).log().add(largest);
    return fromChunks(concat([mixed, size], 4), tokens.shape[2] as number);
  }

  protected weights({ query, key, keys }: Meeting): Tensor {
    const codes = this.sorting(query, key).codes.transpose([0, 1, 3, 2]);
    const met = Array.from({ length: this.rounds }, (_, r) => isNear(codes, codes, r)).reduce((a, b) => a.logicalOr(b));
    const [length, width] = [query.shape[2] as number, query.shape[3] as number];
    const back = distance(placesOf(length, length));
    const seen = this.causal ? met.logicalAnd(back.greaterEqual(0)) : met;
    const scores = query.matmul(unit(query), { transposeB: true, scale: 1 / Math.sqrt(width) });
    return softmax(where(back.equal(0), self, scores), { mask: keys === undefined ? seen : seen.logicalAnd(keys) });
  }

  private get hashing(): LshBucketsOptions {
    const { buckets, rounds, draw } = this;
    return { buckets, rounds, draw, seed: this.hashSeed ?? this.seed, stream: this.path };
  }

  private sorting(query: Tensor, key: Tensor): Sorting {
    if (query !== key) this.refuse('unsupported', 'one tensor as queries and keys', 'two', 'Use SharedQueryKeyAttention');
    return sortByBucket(bucketsOf(query, this.hashing), query.shape[2] as number, this.chunkOf(query));
  }

  private chunkOf(query: Tensor): number {
    const length = query.shape[2];
    if (typeof length !== 'number') this.refuse('shape', 'a length that is known when it is traced', query);
    const buckets = bucketCount(this.buckets);
    const chunk = this.chunk ?? (2 * length) / buckets;
    if (Number.isInteger(chunk) && chunk >= 1 && length % chunk === 0) {
      if (buckets * (length / chunk + 2) < 2 ** 24) return chunk;
      this.refuse('value', 'fewer buckets or longer chunks: buckets × chunks below 2²⁴', `${buckets} × ${length / chunk}`);
    }
    const rule =
      this.chunk === undefined ? `a length T that 2·T/buckets divides, buckets = ${buckets}` : `a length that chunks of ${chunk} divide`;
    return this.refuse('shape', rule, `length ${length}`, 'Pad it, and give the keys that count');
  }
}

/** x/|x| over the last axis. */
function unit(x: Tensor): Tensor {
  return x.mul(rsqrt(x.mul(x).sum({ axis: -1, keep: true }).maximum(1e-12)));
}

/** In how many rounds a pair meets, 1 at least. */
function timesMet(near: readonly Tensor[]): Tensor {
  const times = near.map((n) => n.cast('float32')).reduce((a, b) => a.add(b));
  return times.maximum(1);
}

/** Each chunk with the one before it in front; before the first stands `value`: [B,H,N,c,M] → [B,H,N,2c,M]. */
function withChunkBefore(x: Tensor, value: number): Tensor {
  const none = [0, 0] as const;
  const before = x.slice([null, null, [0, -1]]).pad([none, none, [1, 0], none, none], value);
  return concat([before, x], 3);
}

/** Numbers of tokens within their sequences, [B,H,T], as numbers among the tokens of all, [B·H·T]. */
function rowNumbers(at: Tensor): Tensor {
  const [batch, heads, length] = at.shape as [Dim, Dim, number];
  const sequences = multiplyDims(batch, heads);
  const first = iota(sequences).mul(length).reshape([batch, heads, 1]);
  return at.add(first).reshape([multiplyDims(sequences, length)]);
}

/** x [B,H,T,M], its tokens in another order. */
function permuted(x: Tensor, order: Tensor, inverse: Tensor): Tensor {
  const [batch, heads, length, width] = x.shape as [Dim, Dim, Dim, number];
  return permuteRows(x.reshape([multiplyDims(multiplyDims(batch, heads), length), width]), order, inverse).reshape(x.shape);
}

export const lshForm: FormDeclaration = {
  name: 'LshAttention',
  formula: 'softmax(q_i·q_j/(|q_j| √D)) over j of i’s bucket, in its chunk or the one before, in any of n rounds',
  paper: 'Kitaev, Kaiser and Levskaya 2020 (Reformer), section 2',
  time: 'n·T·c·(D + n), chunks of c; sorting besides',
  memory: 'n·T·c',
  exact: false,
  causal: 'yes',
  cacheable: false,
  use: 'Long texts where a query needs the few keys nearest to it: those a hash finds.',
  file: 'src/attention/approximate/lsh-attention.ts',
};
