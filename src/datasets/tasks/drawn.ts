import { fail, mix, randomKey } from '../../core/index.js';
import type { Tokenizer } from '../../tokenizers/tokenizer.js';
import type { BatchShape, EvaluationBatch, TokenBatch, TrainingData } from '../data.js';
import { Draws } from './draws.js';
import { checkIndex, checkShape, contextOf, problemRows } from './rows.js';
import type { Problem, TaskBody } from './task.js';

/** Of all questions, the share that is kept from learning. */
export const heldOutShare = 0.1;
/** Questions that a run is judged on. */
export const evaluationQuestions = 1024;
/** A tenth of all questions is wanted, so 10 draws find one; this many find none only where there is none. */
const mostDraws = 10_000;

/** A task whose questions are too many to list: they are drawn as they are needed. */
export interface DrawnTask {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a question, and of an answer to one of that length. */
  readonly longest: { readonly question: number; readonly answer: number };
  /** How many different questions there are. */
  readonly questions: number;
  /** A problem drawn at random; `row` is the same for every draw of one row. */
  draw(draws: Draws, row: number): Problem;
  /** What makes a question the same as another, where that is less than all its tokens. */
  identity?(question: readonly number[]): readonly number[];
  solve(prompt: string): string;
}

/**
 * A task of drawn questions. Which questions are kept from learning is decided by a hash of the question alone: no
 * question of the evaluation is ever learned from, whatever the seed.
 */
export function drawnTask(task: DrawnTask): TaskBody {
  const { tokenizer, longest } = task;
  return {
    tokenizer,
    context: contextOf(longest),
    question: (seed, index) => {
      checkIndex(task.name, index);
      const { question, answer } = drawProblem(task, { seed, stream: 'task.question', row: index, heldOut: true });
      return { prompt: tokenizer.decode(question), answer: tokenizer.decode(answer) };
    },
    solve: task.solve,
    data: () => new DrawnData(task),
  };
}

interface Place {
  readonly seed: number;
  readonly stream: string;
  readonly row: number;
  readonly heldOut: boolean;
}

/** Draws until the question lies on the wanted side. */
function drawProblem(task: DrawnTask, { seed, stream, row, heldOut }: Place): Problem {
  const draws = new Draws(randomKey(seed, stream, row));
  for (let tries = 0; tries < mostDraws; tries++) {
    const problem = task.draw(draws, row);
    if (isHeldOut(task.identity?.(problem.question) ?? problem.question) === heldOut) return problem;
  }
  throw fail('value', {
    where: `task ${task.name}`,
    rule: 'enough different questions to learn from some and keep others apart',
    got: `${task.questions} in all`,
    fix: 'Use longer questions, or more symbols',
  });
}

function isHeldOut(identity: readonly number[]): boolean {
  let hash = 0x5eed;
  for (const id of identity) hash = mix(Math.imul(hash, 31) + id + 1);
  return hash < heldOutShare * 2 ** 32;
}

class DrawnData implements TrainingData {
  readonly size: number;
  readonly packed = false;
  readonly exactMatch = true;
  readonly hasIgnored = true;
  readonly #task: DrawnTask;

  constructor(task: DrawnTask) {
    this.#task = task;
    const learned = Math.round(task.questions * (1 - heldOutShare));
    this.size = Number.isSafeInteger(learned) ? learned : Number.POSITIVE_INFINITY; // more than any run will see
  }

  /** Row r of batch i is row i · rows + r of the seed's stream: batches of another size read the same rows. */
  batches(shape: BatchShape, seed: number): (index: number) => TokenBatch {
    const task = this.#task;
    checkShape(task.name, shape, contextOf(task.longest));
    return (index) => {
      checkIndex(task.name, index);
      const rows = Array.from({ length: shape.rows }, (_, r) => index * shape.rows + r);
      return problemRows(
        rows.map((row) => drawProblem(task, { seed, stream: 'task', row, heldOut: false })),
        shape,
      );
    };
  }

  evaluation(shape: BatchShape): Iterable<EvaluationBatch> {
    checkShape(this.#task.name, shape, contextOf(this.#task.longest));
    return { [Symbol.iterator]: () => this.#evaluation(shape) };
  }

  *#evaluation({ rows, length }: BatchShape): Generator<EvaluationBatch> {
    for (let start = 0; start < evaluationQuestions; start += rows) {
      const count = Math.min(rows, evaluationQuestions - start);
      const problems = Array.from({ length: count }, (_, r) =>
        drawProblem(this.#task, { seed: 0, stream: 'task.evaluation', row: start + r, heldOut: true }),
      );
      yield { ...problemRows(problems, { rows: count, length }), count, length };
    }
  }
}
