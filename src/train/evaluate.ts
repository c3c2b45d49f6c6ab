import { fail } from '../core/index.js';
import {
  type BatchShape,
  type EvaluationBatch,
  evaluationWindows,
  ignored,
  type TokenSequence,
  type TrainingData,
} from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { checkBatch } from './check-batch.js';
import { type StepProgram, traceEvaluation } from './step-program.js';
import type { StepOwner } from './worker/protocol.js';
import { ProgramShelf } from './worker/sessions.js';

/** Tokens per evaluation run: enough to fill the cores. */
const tokensPerRun = 4096;

/** Most logits of a run, unless a row has more, for memory: 128 MiB of them, and what the loss makes of them. */
export const logitsPerRun = 2 ** 25;

/** What an evaluation found. */
export interface Evaluation {
  /** Mean loss of the targets that count, in nats. */
  readonly loss: number;
  /** Targets that count. */
  readonly targets: number;
  /** Of data with exact matches: the share of rows in which every target is the likeliest token, and of such targets. */
  readonly exactMatch?: number;
  readonly accuracy?: number;
}

/** What is judged: the kind of its rows decides the program. */
export type EvaluatedData = Pick<TrainingData, 'packed' | 'exactMatch' | 'hasIgnored' | 'targetsPerRow' | 'inputRange'>;

/** Mean loss over evaluation batches. Programs are traced once per shape and kept. */
export class Evaluator {
  readonly #programs = new Map<string, StepProgram>();
  /** Keys of the programs that an owner has. */
  readonly #sent = new WeakMap<object, Set<string>>();

  constructor(
    private readonly model: LanguageModel,
    private readonly data: EvaluatedData,
    private readonly options: ProgramOptions,
    /** Tokens of a full row. */
    private readonly length: number = model.context,
  ) {}

  /** The shape of rows to ask evaluation data for. */
  get shape(): BatchShape {
    const tokens = Math.min(tokensPerRun, logitsPerRun / this.model.vocabulary);
    return this.#shapeOf(Math.max(1, Math.floor(tokens / this.length)), this.length);
  }

  #shapeOf(rows: number, length: number): BatchShape {
    const { targetsPerRow } = this.data;
    return { rows, length, ...(targetsPerRow !== undefined && { targets: targetsPerRow }) };
  }

  /** Traces the program of full batches: tens of milliseconds that a loop should not meet. */
  prepare(): void {
    this.#program(this.shape);
  }

  #program(shape: BatchShape): StepProgram {
    const key = shapeKey(shape);
    const { packed, hasIgnored, exactMatch } = this.data;
    const program =
      this.#programs.get(key) ?? traceEvaluation(this.model, { shape, packed, hasIgnored, matches: exactMatch }, this.options);
    this.#programs.set(key, program);
    return program;
  }

  /** @param batches as the data's `evaluation(shape)` gives them @param onProgress hears how many targets are judged so far */
  async evaluate(
    owner: Pick<StepOwner, 'run'>,
    batches: Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>,
    onProgress: (targets: number) => void = () => {},
  ): Promise<Evaluation> {
    const total = { loss: 0, correct: 0, matched: 0, rows: 0, targets: 0 };
    const { packed, hasIgnored, inputRange } = this.data;
    const rules = { packed, hasIgnored, vocabulary: this.model.vocabulary, ...(inputRange !== undefined && { inputRange }) };
    const sent = this.#sent.get(owner) ?? new Set();
    this.#sent.set(owner, sent);
    // Batches go over in small parcels: neither side stops for long.
    for await (const { count, length, ...batch } of batches) {
      const shape = this.#shapeOf(count, length);
      const key = `evaluation ${shapeKey(shape)}`;
      checkBatch(batch, { ...rules, shape }, 'evaluation batch');
      const program = sent.has(key) ? {} : { program: this.#program(shape) };
      sent.add(key);
      const { rows, targets } = countTargets(batch.targets, shape.targets ?? length);
      total.rows += rows;
      total.targets += targets;
      const found = await owner.run({ key, ...program, batch });
      total.loss += found.loss?.[0] ?? Number.NaN;
      total.correct += found.correct?.[0] ?? 0;
      total.matched += found.matched?.[0] ?? 0;
      onProgress(total.targets);
    }
    if (total.targets === 0)
      throw fail('value', { where: 'evaluation', rule: 'something to predict', got: 'no target that counts', fix: 'Give it more data' });
    return {
      loss: total.loss / total.targets,
      targets: total.targets,
      ...(this.data.exactMatch && { exactMatch: total.matched / total.rows, accuracy: total.correct / total.targets }),
    };
  }
}

/** Targets that count, and the rows that have any. */
function countTargets(ids: Int32Array, length: number): { readonly rows: number; readonly targets: number } {
  const inRow = new Array<number>(ids.length / length).fill(0);
  ids.forEach((id, at) => {
    if (id !== ignored) (inRow[Math.floor(at / length)] as number) += 1;
  });
  return { rows: inRow.filter((n) => n > 0).length, targets: inRow.reduce((a, b) => a + b, 0) };
}

function shapeKey({ rows, length }: BatchShape): string {
  return `${rows}x${length}`;
}

export interface EvaluateOptions extends ProgramOptions {
  /** Hears how many targets are judged so far. */
  readonly onProgress?: (targets: number) => void;
}

/** Rows of plain text, windows side by side. */
export const plainText: EvaluatedData = { packed: false, exactMatch: false, hasIgnored: false };

/**
 * Mean next-token loss of a model over a token sequence, in windows side by side, as `train` reports it: the same
 * programs and order of adding up, so the same number to the last bit. Every token but the first is predicted once.
 *
 * @param ids [n] int32, or a sequence of tokens; n ≥ 2
 * @returns mean loss per token, in nats
 * @example Math.exp(await evaluateModel(model, ids)) // perplexity
 */
export async function evaluateModel(model: LanguageModel, ids: Int32Array | TokenSequence, options: EvaluateOptions = {}): Promise<number> {
  const { onProgress, ...engine } = options;
  const evaluator = new Evaluator(model, plainText, engine);
  const owner = parameterReader(model);
  try {
    const { rows, length } = evaluator.shape;
    return (await evaluator.evaluate(owner, evaluationWindows(ids, length, rows), onProgress)).loss;
  } finally {
    await owner.dispose();
  }
}

/** Runs programs on a model's own parameters, in this thread: what a training run's owner does on its storage. */
export function parameterReader(model: LanguageModel): Pick<StepOwner, 'run' | 'dispose'> {
  const parameters = model.parameters();
  const shelf = new ProgramShelf({
    parameter: (name) => parameters.get(name)?.value.data as Float32Array | undefined,
    mask: () => undefined,
  });
  return {
    run: async ({ key, program, batch }) => (await shelf.take(key, program)).outputs(batch),
    dispose: () => shelf.dispose(),
  };
}
