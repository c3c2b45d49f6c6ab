import { fail } from '../core/index.js';
import { evaluationWindows } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import { type EngineTensor, engineTensor, type ProgramOptions, Session } from '../runtime/index.js';
import { type StepProgram, type StepShape, traceEvaluation } from './step-program.js';
import type { EvaluationRequest, StepOwner } from './worker/protocol.js';

/** Windows per evaluation run: enough to fill the cores, few enough for memory. */
const tokensPerRun = 4096;

/**
 * Mean next-token loss over all of a token sequence, in non-overlapping windows: every token but the first is
 * predicted once. Programs are traced once per window length and kept.
 */
export class Evaluator {
  /** Programs by window shape, until they are sent. */
  readonly #programs = new Map<string, StepProgram>();
  readonly #sent = new Set<string>();

  constructor(
    private readonly model: LanguageModel,
    private readonly options: ProgramOptions,
  ) {}

  /** Traces what evaluating a sequence of this many tokens needs: tens of milliseconds that a loop should not meet. */
  prepare(tokens: number): void {
    const { context } = this.model;
    const windows = Math.floor((tokens - 1) / context);
    const perRun = this.#windowsPerRun();
    const shapes = [
      { batch: Math.min(windows, perRun), context },
      { batch: windows % perRun, context },
      { batch: 1, context: (tokens - 1) % context },
    ];
    for (const shape of shapes.filter((s) => s.batch > 0 && s.context > 0)) this.#program(shape);
  }

  #windowsPerRun(): number {
    return Math.max(1, Math.floor(tokensPerRun / this.model.context));
  }

  #program(shape: StepShape): StepProgram {
    const key = shapeKey(shape);
    const program = this.#programs.get(key) ?? traceEvaluation(this.model, shape, this.options);
    this.#programs.set(key, program);
    return program;
  }

  /** @returns mean loss per token, in nats */
  async evaluate(owner: Pick<StepOwner, 'evaluate'>, ids: Int32Array, onProgress: (tokens: number) => void = () => {}): Promise<number> {
    let total = 0;
    let done = 0;
    // Batches go over in small parcels: neither side stops for long.
    for (const batch of evaluationWindows(ids, this.model.context, this.#windowsPerRun())) {
      const shape = { batch: batch.count, context: batch.length };
      const key = shapeKey(shape);
      const program = this.#sent.has(key) ? {} : { program: this.#program(shape) };
      this.#sent.add(key);
      const request: EvaluationRequest = {
        groups: [{ key, ...program, ...shape, batches: [{ inputs: batch.inputs, targets: batch.targets }] }],
      };
      total += await owner.evaluate(request);
      done += batch.count * batch.length;
      onProgress(done);
    }
    return total / (ids.length - 1);
  }
}

function shapeKey({ batch, context }: StepShape): string {
  return `${batch}x${context}`;
}

export interface EvaluateOptions extends ProgramOptions {
  /** Hears how many tokens are predicted so far. */
  readonly onProgress?: (tokens: number) => void;
}

/**
 * Mean next-token loss of a model over a token sequence, as `train` reports it: the same windows, programs and order of
 * adding up, so the same number to the last bit.
 *
 * @param ids [n] int32, n ≥ 2
 * @returns mean loss per token, in nats
 * @example Math.exp(await evaluateModel(model, ids)) // perplexity
 */
export async function evaluateModel(model: LanguageModel, ids: Int32Array, options: EvaluateOptions = {}): Promise<number> {
  const { onProgress, ...engine } = options;
  const owner = new ParameterReader(model);
  try {
    return await new Evaluator(model, engine).evaluate(owner, ids, onProgress);
  } finally {
    await owner.dispose();
  }
}

/** Runs evaluations on a model's own parameters, in this thread: what a training run's owner does on its storage. */
class ParameterReader implements Pick<StepOwner, 'evaluate' | 'dispose'> {
  readonly #loaded = new Map<string, { readonly session: Session; readonly feeds: Record<string, EngineTensor> }>();

  constructor(private readonly model: LanguageModel) {}

  async evaluate({ groups }: EvaluationRequest): Promise<number> {
    let total = 0;
    for (const group of groups) {
      if (group.program !== undefined) await this.#load(group.key, group.program);
      const loaded = this.#loaded.get(group.key);
      if (loaded === undefined) throw fail('value', { where: 'evaluate', rule: 'a program for each length, sent once', got: group.key });
      for (const { inputs, targets } of group.batches) {
        const shape = [group.batch, group.context];
        const batch = { inputs: engineTensor('int32', inputs, shape), targets: engineTensor('int32', targets, shape) };
        const results = await loaded.session.run({ ...loaded.feeds, ...batch }, { loss: null });
        total += Number((results.loss as EngineTensor).data[0]);
      }
    }
    return total;
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#loaded.values()].map(({ session }) => session);
    this.#loaded.clear();
    await Promise.all(sessions.map((s) => s.dispose()));
  }

  async #load(key: string, program: StepProgram): Promise<void> {
    const session = await Session.create(program.onnx, { device: program.device, threads: program.threads, optimize: false });
    const parameters = this.model.parameters();
    const feeds: Record<string, EngineTensor> = {};
    for (const { input, name } of program.parameters) {
      const value = parameters.get(name)?.value;
      if (value === undefined) throw fail('name', { where: 'evaluate', rule: 'parameters that belong to the model', got: name });
      feeds[input] = engineTensor('float32', value.data, value.shape);
    }
    this.#loaded.set(key, { session, feeds });
  }
}
