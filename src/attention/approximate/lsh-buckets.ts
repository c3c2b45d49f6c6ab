import { fail, HostArray, normal, randomKey } from '../../core/index.js';
import { argmax, concat, constant, gather, type Tensor, topK } from '../../ops/index.js';
import { checkWhole } from './sizes.js';

/** Buckets of a round: their number, or factors of it, which are hashed one by one. All even: a direction has two sides. */
export type Buckets = number | readonly number[];

export interface LshBucketsOptions {
  readonly buckets: Buckets;
  /** Rounds of hashing, n. */
  readonly rounds: number;
  readonly seed: number;
  /** Which stream of random numbers: a module's path. */
  readonly stream: string;
  readonly draw: number;
}

const factorsOf = (buckets: Buckets): readonly number[] => (typeof buckets === 'number' ? [buckets] : buckets);

/** How many buckets a round has. */
export function bucketCount(buckets: Buckets): number {
  return factorsOf(buckets).reduce((a, b) => a * b, 1);
}

/** @throws value: buckets that are odd or not above 0, rounds that are not whole */
export function checkBuckets({ buckets, rounds }: Pick<LshBucketsOptions, 'buckets' | 'rounds'>): void {
  const factors = factorsOf(buckets);
  checkWhole('LSH attention', { rounds, factors: factors.length });
  for (const factor of factors) {
    checkWhole('LSH attention', { buckets: factor });
    if (factor % 2 === 0) continue;
    const fix = `Choose ${factor + 1}`;
    throw fail('value', { where: 'LSH attention', rule: 'an even number of buckets, two for each direction', got: String(factor), fix });
  }
}

/** The random directions of all rounds for each factor f of the buckets, N(0, 1): [H,D,n·f/2]. */
export function rotations(heads: number, width: number, { buckets, rounds, seed, stream, draw }: LshBucketsOptions): readonly HostArray[] {
  return factorsOf(buckets).map((factor, i) => {
    const shape = [heads, width, (rounds * factor) / 2] as const;
    const key = randomKey(seed, `${stream}:rotations ${i}`, draw);
    const values = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, at) => normal(key, at));
    return new HostArray(values, shape, 'float32');
  });
}

/**
 * Each token's bucket in each round: argmax([x R; −x R]), so that tokens of small angle likely share one (Andoni et al.
 * 2015; Kitaev et al. 2020, section 2). Of factors b₁, b₂, … the hashes make one number, h₁ + b₁ h₂ + …: as many buckets as
 * their product from as many directions as half their sum, so that the time is linear where buckets grow with the length.
 * @param x [B,H,T,D] @returns [B,H,n,T] int32
 */
export function bucketsOf(x: Tensor, options: LshBucketsOptions): Tensor {
  const [batch, heads, length, width] = x.shape as [number, number, number, number];
  const factors = factorsOf(options.buckets);
  let place = 1;
  const digits = rotations(heads, width, options).map((directions, i) => {
    const byRound = constant(directions).reshape([heads, width, options.rounds, (factors[i] as number) / 2]);
    // Both sides of each direction are columns of a constant, which is cheaper than a second half of the product.
    const sides = concat([byRound, byRound.neg()], 3).reshape([heads, width, options.rounds * (factors[i] as number)]);
    const along = x.matmul(sides).reshape([batch, heads, length, options.rounds, factors[i] as number]);
    const digit = argmax(along).mul(place);
    place *= factors[i] as number;
    return digit;
  });
  return digits.reduce((a, b) => a.add(b)).transpose([0, 1, 3, 2]);
}

/** Tokens in the order of their buckets, and of their places within one; and where each token went. [B,H,n,T] int32 each. */
export interface Sorting {
  readonly order: Tensor;
  readonly slots: Tensor;
  /** The same for two tokens of one bucket and one chunk; one more for the bucket's next chunk; else further apart. Float. */
  readonly codes: Tensor;
}

/** @param chunk length of the pieces that the sorted tokens are cut into */
export function sortByBucket(buckets: Tensor, length: number, chunk: number): Sorting {
  // Of equals the earlier token comes first: the order is stable.
  const order = topK(buckets.mul(-1), length)[1];
  const slots = topK(order.mul(-1), length)[1];
  const chunks = gather(constant(chunkNumbers(length, chunk)), slots);
  const span = Math.ceil(length / chunk) + 2; // so that the last chunk of one bucket is not near the first of the next
  return { order, slots, codes: buckets.mul(span).add(chunks).cast('float32') };
}

/** Whether keys are of a query's bucket, and in its chunk or the one before: codes of queries [...,T,n], of keys [...,S,n]; [...,T,S] for a round. */
export function isNear(queries: Tensor, keys: Tensor, round: number): Tensor {
  const column = (x: Tensor): Tensor => x.slice([...x.shape.slice(1).map(() => null), [round, round + 1]]);
  const middle = column(keys).add(0.5); // the difference of codes is 0 or 1: 1/2 from their middle
  const last = middle.rank - 1;
  const across = middle.transpose([...middle.shape.slice(0, -2).map((_, a) => a), last, last - 1]);
  return column(queries).sub(across).abs().less(1);
}

/** The chunk of each slot: [T] int32. */
function chunkNumbers(length: number, chunk: number): HostArray {
  return new HostArray(
    Int32Array.from({ length }, (_, slot) => Math.floor(slot / chunk)),
    [length],
    'int32',
  );
}
