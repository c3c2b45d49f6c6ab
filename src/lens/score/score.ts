import type { Matrix } from '../algebra/matrix.js';
import type { HeadWeights } from '../weights/attention-weights.js';

/** One head's pattern on one text. */
export interface HeadPattern {
  /** T, S */
  readonly queries: number;
  readonly keys: number;
  /** The weight that a query gives a key. */
  at(query: number, key: number): number;
  /** Ids of the tokens that queries and keys stand at; undefined for patches. */
  readonly queryIds: readonly number[] | undefined;
  readonly keyIds: readonly number[] | undefined;
  /** Whether keys are the queries' own sequence, or another: cross-attention. */
  readonly isSelf: boolean;
}

/** One head's queries and keys on one text, with the radians by which each pair of their numbers turns a token. */
export interface HeadVectors {
  /** [T,D], as they meet. */
  readonly query: Float32Array;
  /** [S,D] */
  readonly key: Float32Array;
  /** D */
  readonly width: number;
  /** [R/2] */
  readonly radians: Float64Array;
  /** Whether the pairs that turn are neighbours; halves else. */
  readonly interleaved: boolean;
}

interface Declared {
  readonly name: string;
  /** What a high value says, in one line. */
  readonly doc: string;
  readonly paper?: string;
}

/** A number per head; undefined where it says nothing of the head or of this text, which is then left out of the mean. */
export type HeadScore = Declared &
  (
    | { readonly of: 'pattern'; score(pattern: HeadPattern): number | undefined }
    | { readonly of: 'weights'; score(weights: HeadWeights): number | undefined }
    /** @param circuit W_O W_U W_E W_V, [D,D]: what is moved, in tokens; of heads between tokens of one vocabulary only */
    | { readonly of: 'circuit'; score(circuit: Matrix): number | undefined }
    | { readonly of: 'vectors'; score(vectors: HeadVectors): number | undefined }
  );

/** The mean over queries of what `weigh` gives; queries where it gives nothing do not count. */
export function meanOverQueries(queries: number, weigh: (query: number) => number | undefined): number | undefined {
  let sum = 0;
  let count = 0;
  for (let q = 0; q < queries; q++) {
    const x = weigh(q);
    if (x === undefined) continue;
    sum += x;
    count += 1;
  }
  return count === 0 ? undefined : sum / count;
}
