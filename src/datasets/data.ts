/** Token ids in a row, in memory or on a disk. */
export interface TokenSequence {
  readonly length: number;
  /** The ids from `start` up to, not including, `end`: a view or fresh, not to be written to. */
  read(start: number, end: number): Int32Array | Promise<Int32Array>;
  /** Where documents begin, ascending, the first at 0; absent where the text is one document. */
  readonly documents?: ArrayLike<number>;
  /** What the text is known as, for messages. */
  readonly where?: string;
}

/** Token ids to learn from, and token ids kept apart to measure on. No window of one reaches into the other. */
export interface TextData {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/** `TextData` of any kind of sequence. */
export interface TokenData {
  readonly train: Int32Array | TokenSequence;
  readonly validation: Int32Array | TokenSequence;
}

/** The target of a place where nothing is to be learned: PyTorch's custom. */
export const ignored = -100;

/**
 * Rows of whole numbers, [rows, length] row-major each: tokens, or the pixels of images. Freshly allocated, since they may be
 * transferred to a worker.
 */
export interface TokenBatch {
  readonly inputs: Int32Array;
  /** What follows each input, or what a row shows, [rows, targets]; `ignored` where nothing is to be learned. */
  readonly targets: Int32Array;
  /** Where several documents share a row: the number of each token's document, from 0 in every row. */
  readonly documents?: Int32Array;
  /** With `documents`: each token's place within its document, from 0. */
  readonly positions?: Int32Array;
}

/** Some evaluation rows of one length. */
export interface EvaluationBatch extends TokenBatch {
  /** Rows in this batch: its arrays are [count, length]. */
  readonly count: number;
  /** Tokens per row: `length` of the request, or fewer in a text's last window. */
  readonly length: number;
}

export interface BatchShape {
  readonly rows: number;
  /** Inputs per row. */
  readonly length: number;
  /** Targets per row; as many as inputs by default. */
  readonly targets?: number;
}

/**
 * What a run learns from and is judged on. Counter-based: a batch depends on (seed, index) alone, so the index is the
 * whole cursor of a run, and a resumed run reads what the uninterrupted one would have read.
 */
export interface TrainingData {
  /** Tokens (or for tasks the rows) there are to learn from, for people. */
  readonly size: number;
  /** Whether batches carry documents and positions. */
  readonly packed: boolean;
  /** Whether rows hold questions with one right answer, so that exact matches can be counted. */
  readonly exactMatch: boolean;
  /** Whether targets may be `ignored`. */
  readonly hasIgnored: boolean;
  /** Targets per row, where they are not as many as inputs: 1 of images, which have a label each. */
  readonly targetsPerRow?: number;
  /** Inputs are whole numbers below this, where they are not tokens of the model's vocabulary: 256 of pixels. */
  readonly inputRange?: number;
  /** Batch `index` to learn from. @throws value: rows of this length cannot be made */
  batches(shape: BatchShape, seed: number): (index: number) => TokenBatch | Promise<TokenBatch>;
  /** Everything to judge on, always the same, in the same order. */
  evaluation(shape: BatchShape): Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>;
  /** Some of what is learned from, to judge memorising by; tasks over a small closed set have it. */
  trainEvaluation?(shape: BatchShape): Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>;
}
