import { fail } from '../../core/index.js';
import type { BatchShape, EvaluationBatch, TokenBatch, TokenData, TokenSequence, TrainingData } from '../data.js';
import { asSequence } from '../tokens/sequence.js';
import { atLeastOne, holdsWindow, wholeIndex } from './checks.js';
import { evaluationWindows } from './evaluation.js';
import { withDocuments } from './packed.js';
import { PaddedRows } from './padded.js';
import { randomWindows } from './random.js';
import { rowsAt } from './rows.js';
import { shuffledItems, shuffledWindows } from './shuffled.js';

/**
 * How rows are taken from a text.
 *
 * - `random`: windows at random places, across documents.
 * - `shuffled`: windows side by side, across documents, each once an epoch.
 * - `packed`: as `shuffled`, and each row says which documents its tokens belong to: no attention and no target crosses them.
 * - `padded`: a row holds one document, or a part of a long one, each once an epoch.
 */
export const rowOrders = ['random', 'shuffled', 'packed', 'padded'] as const;
export type RowOrder = (typeof rowOrders)[number];

export interface TextDataOptions {
  /** Default `random`. */
  readonly order?: RowOrder;
}

/**
 * Text as training data. An epoch's order is a hash of (seed, epoch), so the number of a batch is the whole cursor.
 *
 * To evaluate, `random` and `shuffled` read windows side by side, `packed` the same with documents told apart, `padded` a
 * row for a document: always in the order of the text, and every target that counts is counted once.
 *
 * @throws `value` for an order that is none; from `batches` and `evaluation`, for a text too short for their shape
 * @example const data = textData(splitTokens(tokens, { context: 64 }), { order: 'shuffled' });
 */
export function textData({ train, validation }: TokenData, { order = 'random' }: TextDataOptions = {}): TrainingData {
  const rows = orders[order];
  if (rows === undefined) throw fail('value', { where: 'textData', rule: `order is one of ${rowOrders.join(', ')}`, got: String(order) });
  return {
    size: train.length,
    packed: order === 'packed',
    exactMatch: false,
    hasIgnored: order === 'packed' || order === 'padded',
    batches(shape, seed) {
      atLeastOne('textData', { rows: shape.rows, length: shape.length });
      const draw = rows.batches(train, shape, seed);
      return (index) => {
        wholeIndex('textData', 'index', index);
        return draw(index);
      };
    },
    evaluation(shape) {
      atLeastOne('textData', { rows: shape.rows, length: shape.length });
      return rows.evaluation(validation, shape);
    },
  };
}

/** Tokens as training data in random windows; training data as they are. */
export function asTrainingData(data: TokenData | TrainingData): TrainingData {
  return 'batches' in data ? data : textData(data);
}

type Ids = Int32Array | TokenSequence;

interface Rows {
  batches(ids: Ids, shape: BatchShape, seed: number): (index: number) => TokenBatch | Promise<TokenBatch>;
  evaluation(ids: Ids, shape: BatchShape): Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>;
}

const orders: Readonly<Record<RowOrder, Rows>> = {
  random: {
    batches: (ids, { rows, length }, seed) => randomWindows({ ids, context: length, batch: rows, seed }),
    evaluation: (ids, { rows, length }) => evaluationWindows(ids, length, rows),
  },
  shuffled: {
    batches(ids, { rows, length }, seed) {
      const tokens = asSequence(ids);
      const startsOf = windowStarts(tokens, rows, length, seed);
      return (index) => rowsAt(tokens, startsOf(index), length);
    },
    evaluation: (ids, { rows, length }) => evaluationWindows(ids, length, rows),
  },
  packed: {
    batches(ids, { rows, length }, seed) {
      const tokens = asSequence(ids);
      const startsOf = windowStarts(tokens, rows, length, seed);
      return (index) => {
        const starts = startsOf(index);
        const batch = rowsAt(tokens, starts, length);
        const mark = (read: TokenBatch): TokenBatch => withDocuments(read, tokens, starts, length);
        return batch instanceof Promise ? batch.then(mark) : mark(batch);
      };
    },
    evaluation: (ids, shape) => packedEvaluation(asSequence(ids), shape),
  },
  padded: {
    batches(ids, { rows, length }, seed) {
      const all = new PaddedRows(asSequence(ids), length);
      const items = shuffledItems(all.count, seed);
      return (index) => all.read(Array.from({ length: rows }, (_, b) => items(index * rows + b).item));
    },
    evaluation: (ids, shape) => paddedEvaluation(new PaddedRows(asSequence(ids), shape.length), shape),
  },
};

function windowStarts(tokens: TokenSequence, rows: number, length: number, seed: number): (index: number) => number[] {
  holdsWindow('textData', tokens, length);
  const startOf = shuffledWindows(tokens.length, length, seed);
  return (index) => Array.from({ length: rows }, (_, b) => startOf(index * rows + b));
}

async function* packedEvaluation(tokens: TokenSequence, { rows, length }: BatchShape): AsyncGenerator<EvaluationBatch> {
  let start = 0;
  for await (const batch of evaluationWindows(tokens, length, rows)) {
    const starts = Array.from({ length: batch.count }, (_, b) => start + b * batch.length);
    yield { ...withDocuments(batch, tokens, starts, batch.length), count: batch.count, length: batch.length };
    start += batch.count * batch.length;
  }
}

async function* paddedEvaluation(all: PaddedRows, { rows, length }: BatchShape): AsyncGenerator<EvaluationBatch> {
  for (let first = 0; first < all.count; first += rows) {
    const count = Math.min(rows, all.count - first);
    const batch = await all.read(Array.from({ length: count }, (_, b) => first + b));
    yield { ...batch, count, length };
  }
}
