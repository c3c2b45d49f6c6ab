import { randomKey } from '../../../core/index.js';
import type { BatchShape, EvaluationBatch, TrainingData } from '../../../datasets/index.js';
import { Draws } from '../../../datasets/tasks/draws.js';
import { problemRows } from '../../../datasets/tasks/rows.js';
import type { Problem } from '../../../datasets/tasks/task.js';

/** Something to learn whose answer lies far back. */
export interface LongTask {
  readonly vocabulary: number;
  /** Tokens of a row: all questions and answers are of one length. */
  readonly context: number;
  readonly data: TrainingData;
  /** Rows with the answer at one distance alone, where the task has distances. */
  readonly at?: ReadonlyMap<number, TrainingData>;
}

/** Rows that a model is judged on. */
const judged = 256;

/** Symbols that are copied, and how many of them a row has. */
const [symbols, payload] = [8, 4] as const;
const [blank, mark] = [symbols, symbols + 1] as const;

/**
 * Copying over a distance (Hochreiter and Schmidhuber 1997; as in Arjovsky et al. 2016, section 5.1): four symbols, blanks, a
 * mark, and the symbols again. Each symbol stands `distance` tokens before the place where it is predicted. Rows are of one
 * length, blanks before; while learning, each row has one of the distances.
 * @param distances 4 or more
 */
export function copyTask(distances: readonly number[]): LongTask {
  const length = Math.max(...distances) + 1;
  const problem =
    (allowed: readonly number[]) =>
    (draws: Draws): Problem => {
      const distance = allowed[draws.below(allowed.length)] as number;
      const answer = draws.many(payload, symbols);
      const question = new Array<number>(length).fill(blank);
      // The first of the answer is predicted at the question's last token.
      question.splice(length - 1 - distance, payload, ...answer);
      question[length - 1] = mark;
      return { question, answer };
    };
  return {
    vocabulary: symbols + 2,
    context: length + payload - 1,
    data: drawnRows('copy', problem(distances)),
    at: new Map(distances.map((distance) => [distance, drawnRows('copy', problem([distance]))])),
  };
}

/** Tokens that say nothing, the two that count, the end, and the four classes. */
const [noise, two] = [4, 2] as const;

/**
 * Long-range classification: the temporal order problem (Hochreiter and Schmidhuber 1997, experiment 6a). Among tokens that
 * say nothing stand two of X and Y, one in the second tenth of the row and one in the fifth; the class is which came in which
 * order: XX, XY, YX or YY.
 * @param context tokens of a row, 20 or more
 */
export function orderTask(context: number): LongTask {
  const problem = (draws: Draws): Problem => {
    const tenth = Math.floor(context / 10);
    const question = draws.many(context, noise);
    const [first, second] = draws.many(2, two) as [number, number];
    question[tenth + draws.below(tenth)] = noise + first;
    question[4 * tenth + draws.below(tenth)] = noise + second;
    question[context - 1] = noise + two;
    return { question, answer: [noise + two + 1 + two * first + second] };
  };
  return { vocabulary: noise + two + 1 + 4, context, data: drawnRows('order', problem) };
}

/** Row r of the data is drawn from a stream of its own, learned and judged ones from different streams. */
function drawnRows(name: string, problem: (draws: Draws) => Problem): TrainingData {
  const rows = (stream: string, seed: number, first: number, shape: BatchShape) =>
    problemRows(
      Array.from({ length: shape.rows }, (_, r) => problem(new Draws(randomKey(seed, stream, first + r)))),
      shape,
    );
  function* evaluation({ rows: most, length }: BatchShape): Generator<EvaluationBatch> {
    for (let start = 0; start < judged; start += most) {
      const count = Math.min(most, judged - start);
      yield { ...rows(`long.${name}.judged`, 0, start, { rows: count, length }), count, length };
    }
  }
  return {
    size: Number.POSITIVE_INFINITY,
    ...{ packed: false, exactMatch: true, hasIgnored: true },
    batches: (shape, seed) => (index) => rows(`long.${name}`, seed, index * shape.rows, shape),
    evaluation: (shape) => ({ [Symbol.iterator]: () => evaluation(shape) }),
  };
}
