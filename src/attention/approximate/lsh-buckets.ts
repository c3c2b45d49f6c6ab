import { fail, HostArray, normal, randomKey } from '../../core/index.js';
import { argmax, concat, constant, gather, type Tensor, topK } from '../../ops/index.js';
import { checkWhole } from './sizes.js';

export interface LshBucketsOptions {
  /** Buckets of a round; even, for each random direction has two sides. */
  readonly buckets: number;
  /** Rounds of hashing, n. */
  readonly rounds: number;
  readonly seed: number;
  /** Which stream of random numbers: a module's path. */
  readonly stream: string;
  readonly draw: number;
}

/** @throws value: buckets that are odd or not above 0, rounds that are not whole */
export function checkBuckets({ buckets, rounds }: Pick<LshBucketsOptions, 'buckets' | 'rounds'>): void {
  checkWhole('LSH attention', { buckets, rounds });
  if (buckets % 2 === 1) {
    const fix = `Choose ${buckets + 1}`;
    throw fail('value', { where: 'LSH attention', rule: 'an even number of buckets, two for each direction', got: String(buckets), fix });
  }
}

/** The random directions of all rounds, N(0, 1): [H,D,n·buckets/2]. */
export function rotations(heads: number, width: number, { buckets, rounds, seed, stream, draw }: LshBucketsOptions): HostArray {
  const shape = [heads, width, (rounds * buckets) / 2] as const;
  const key = randomKey(seed, `${stream}:rotations`, draw);
  return new HostArray(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => normal(key, i)),
    shape,
    'float32',
  );
}

/**
 * Each token's bucket in each round: argmax([x R; −x R]), so that tokens of small angle likely share one (Andoni et al.
 * 2015; Kitaev et al. 2020, section 2).
 * @param x [B,H,T,D] @returns [B,H,n,T] int32
 */
export function bucketsOf(x: Tensor, options: LshBucketsOptions): Tensor {
  const [batch, heads, length, width] = x.shape as [number, number, number, number];
  const half = options.buckets / 2;
  const turned = x.matmul(constant(rotations(heads, width, options))).reshape([batch, heads, length, options.rounds, half]);
  return argmax(concat([turned, turned.neg()], 4)).transpose([0, 1, 3, 2]);
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
  // One number for bucket and place: no two are equal, so that the largest come in one order only.
  const keys = buckets.mul(length).add(constant(indices(length, (t) => t)));
  const order = topK(keys.mul(-1), length)[1];
  const slots = topK(order.mul(-1), length)[1];
  const chunks = gather(constant(indices(length, (t) => Math.floor(t / chunk))), slots);
  const span = Math.ceil(length / chunk) + 2; // so that the last chunk of one bucket is not near the first of the next
  return { order, slots, codes: buckets.mul(span).add(chunks).cast('float32') };
}

/** Whether keys are of a query's bucket, and in its chunk or the one before: codes of queries [...,T,n], of keys [...,S,n]; [...,T,S] for a round. */
export function isNear(queries: Tensor, keys: Tensor, round: number): Tensor {
  const column = (x: Tensor): Tensor => x.slice([...x.shape.slice(1).map(() => null), [round, round + 1]]);
  const [q, k] = [column(queries), column(keys)];
  const last = k.rank - 1;
  const across = k.transpose([...k.shape.slice(0, -2).map((_, a) => a), last, last - 1]);
  return q.sub(across).sub(0.5).abs().less(1); // 0 or 1
}

function indices(length: number, of: (t: number) => number): HostArray {
  return new HostArray(
    Int32Array.from({ length }, (_, t) => of(t)),
    [length],
    'int32',
  );
}
