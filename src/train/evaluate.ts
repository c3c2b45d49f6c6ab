import { evaluationWindows } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { traceEvaluation } from './step-program.js';
import type { EvaluationRequest, StepOwner } from './worker/protocol.js';

/** Windows per evaluation run: enough to fill the cores, few enough for memory. */
const tokensPerRun = 4096;

/**
 * Mean next-token loss over all of a token sequence, in non-overlapping windows: every token but the first is
 * predicted once. Programs are traced once per window length and kept.
 */
export class Evaluator {
  readonly #sent = new Set<string>();

  constructor(
    private readonly model: LanguageModel,
    private readonly options: ProgramOptions,
  ) {}

  /** @returns mean loss per token, in nats */
  async evaluate(owner: StepOwner, ids: Int32Array): Promise<number> {
    const windows = Math.max(1, Math.floor(tokensPerRun / this.model.context));
    let total = 0;
    // Batches go over in small parcels: neither side stops for long.
    for (const batch of evaluationWindows(ids, this.model.context, windows)) {
      const key = `${batch.count}x${batch.length}`;
      const shape = { batch: batch.count, context: batch.length };
      const program = this.#sent.has(key) ? {} : { program: traceEvaluation(this.model, shape, this.options) };
      this.#sent.add(key);
      const request: EvaluationRequest = { groups: [{ key, ...program, ...shape, batches: [{ inputs: batch.inputs, targets: batch.targets }] }] };
      total += await owner.evaluate(request);
    }
    return total / (ids.length - 1);
  }
}
