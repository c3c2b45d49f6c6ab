import { fail, randomBits, randomKey } from '../../core/index.js';
import type { BatchShape, EvaluationBatch, TokenBatch, TrainingData } from '../data.js';
import { atLeastOne, wholeIndex } from './checks.js';
import { permutation } from './permutation.js';
import { whenRead } from './rows.js';

/** One of the data sets that are mixed. */
export interface MixturePart {
  readonly data: TrainingData;
  /** How much of it, against the others' weights: 3 and 1 are three rows of four, and one. */
  readonly weight: number;
}

/** Rows in a block. Within each, every part has exactly its share of them. */
export const mixtureBlock = 2 ** 16;

/**
 * Several data sets as one: each row is drawn from a part with a probability as its weight says.
 *
 * Counter-based, and no row of a part is left out or taken twice: rows come in blocks of 2¹⁶, of which each part has its
 * share, rounded to whole rows (at least one); which rows of a block are whose is a keyed permutation of them. So row r of
 * a batch is row number (block · share + rank) of its part, rank its place among the part's in the block, and a part in
 * `shuffled` order still sees each of its windows once an epoch.
 *
 * Evaluation reads the parts one after the other. Where some parts are packed, rows of the others are one document each.
 *
 * @throws `value` for no parts, or a weight that is not a positive number; `unsupported` for rows that are not of tokens
 * @example mixture([{ data: prose, weight: 3 }, { data: code, weight: 1 }])
 */
export function mixture(parts: readonly MixturePart[]): TrainingData {
  const shares = sharesOf(parts);
  const all = parts.map(({ data }) => data);
  const packed = all.some((data) => data.packed);
  const evaluated = all.filter((data) => data.trainEvaluation !== undefined);
  return {
    size: all.reduce((sum, data) => sum + data.size, 0),
    packed,
    exactMatch: all.every((data) => data.exactMatch),
    hasIgnored: all.some((data) => data.hasIgnored),
    batches(shape, seed) {
      atLeastOne('mixture', { rows: shape.rows, length: shape.length });
      const rowOf = rowsOf(shares, seed);
      const draws = all.map((data, part) => data.batches({ rows: 1, length: shape.length }, partSeed(seed, part)));
      return (index) => {
        wholeIndex('mixture', 'index', index);
        const rows = Array.from({ length: shape.rows }, (_, b) => {
          const { part, row } = rowOf(index * shape.rows + b);
          return (draws[part] as (index: number) => TokenBatch | Promise<TokenBatch>)(row);
        });
        return whenRead(rows, (read) => stacked(read, shape, packed));
      };
    },
    evaluation: (shape) => oneAfterTheOther(all, packed, (data) => data.evaluation(shape)),
    ...(evaluated.length > 0 && {
      trainEvaluation: (shape: BatchShape) => oneAfterTheOther(evaluated, packed, (data) => data.trainEvaluation?.(shape) ?? []),
    }),
  };
}

/** Rows of each part in a block: by weight, rounded by largest remainders so that they make up the block. */
function sharesOf(parts: readonly MixturePart[]): number[] {
  const where = 'mixture';
  if (parts.length === 0) throw fail('value', { where, rule: 'at least one part', got: 'none' });
  if (parts.some(({ data }) => data.targetsPerRow !== undefined || data.inputRange !== undefined)) {
    throw fail('unsupported', { where, rule: 'parts whose rows are tokens, each with a target', got: 'images, or the like' });
  }
  for (const { weight } of parts) {
    if (!(weight > 0 && Number.isFinite(weight))) throw fail('value', { where, rule: 'weights above 0', got: String(weight) });
  }
  const largest = Math.max(...parts.map(({ weight }) => weight));
  const relative = parts.map(({ weight }) => weight / largest); // sums of huge weights would be infinite
  const total = relative.reduce((sum, weight) => sum + weight, 0);
  const exact = relative.map((weight) => (weight / total) * mixtureBlock);
  const shares = exact.map((rows) => Math.max(1, Math.floor(rows)));
  const byRemainder = exact.map((rows, part) => ({ part, rest: rows - (shares[part] as number) })).sort((a, b) => b.rest - a.rest);
  let left = mixtureBlock - shares.reduce((sum, rows) => sum + rows, 0);
  for (let i = 0; left > 0; i++, left--) (shares[(byRemainder[i % parts.length] as { part: number }).part] as number) += 1;
  for (; left < 0; left++) (shares[shares.indexOf(Math.max(...shares))] as number) -= 1;
  return shares;
}

/** Row ↦ its part, and its number among the part's rows. */
function rowsOf(shares: readonly number[], seed: number): (row: number) => { readonly part: number; readonly row: number } {
  let known = -1;
  let order = (_: number): number => 0;
  return (row) => {
    const block = Math.floor(row / mixtureBlock);
    if (block !== known) order = permutation(mixtureBlock, randomKey(seed, 'mixture', block));
    known = block;
    let rank = order(row - block * mixtureBlock);
    let part = 0;
    for (; rank >= (shares[part] as number); part++) rank -= shares[part] as number;
    return { part, row: block * (shares[part] as number) + rank };
  };
}

/** Parts that hold the same text should not draw the same windows. */
function partSeed(seed: number, part: number): number {
  return randomBits(randomKey(seed, 'mixture part', part), 0);
}

function stacked(rows: readonly TokenBatch[], { length }: BatchShape, packed: boolean): TokenBatch {
  const all = rows.map((row) => (packed ? asPacked(row, length) : row));
  const join = (of: (row: TokenBatch) => Int32Array | undefined): Int32Array => {
    const joined = new Int32Array(all.length * length);
    all.forEach((row, b) => {
      joined.set(of(row) ?? [], b * length);
    });
    return joined;
  };
  const batch = { inputs: join((row) => row.inputs), targets: join((row) => row.targets) };
  return packed ? { ...batch, documents: join((row) => row.documents), positions: join((row) => row.positions) } : batch;
}

async function* oneAfterTheOther(
  all: readonly TrainingData[],
  packed: boolean,
  evaluation: (data: TrainingData) => Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>,
): AsyncGenerator<EvaluationBatch> {
  for (const data of all) {
    for await (const batch of evaluation(data)) yield packed ? asPacked(batch, batch.length) : batch;
  }
}

/** Rows that know no documents, each as one. */
function asPacked<Batch extends TokenBatch>(batch: Batch, length: number): Batch {
  if (batch.documents !== undefined) return batch;
  const { length: tokens } = batch.inputs;
  return { ...batch, documents: new Int32Array(tokens), positions: Int32Array.from({ length: tokens }, (_, at) => at % length) };
}
