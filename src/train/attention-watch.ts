import type { EvaluationBatch, TrainingData } from '../datasets/index.js';
import type { LanguageModel } from '../models/index.js';
import type { ProgramOptions } from '../runtime/index.js';
import { logitsOf, traceOutputs } from './step-program.js';
import { attentionEntropies } from './watch/attention-entropy.js';
import type { StepOwner } from './worker/protocol.js';

/** Tokens that the entropies are measured over: enough for a steady number, at little cost. */
const tokens = 1024;

/** Measures every head's attention entropy over the first rows that a run is judged on: always the same. */
export class AttentionWatch {
  #sent = false;

  constructor(
    private readonly model: LanguageModel,
    private readonly data: TrainingData,
    private readonly options: ProgramOptions,
    /** Of a full row. */
    private readonly length: number,
  ) {}

  /** @returns by site, each head's mean entropy in nats; nothing for a model without attention */
  async measure(owner: Pick<StepOwner, 'run'>): Promise<Record<string, readonly number[]>> {
    const { targetsPerRow } = this.data;
    const targets = targetsPerRow === undefined ? {} : { targets: targetsPerRow };
    const rows = Math.max(1, Math.floor(tokens / this.length));
    const first = await firstOf(this.data.evaluation({ rows, length: this.length, ...targets }));
    if (first === undefined) return {};
    const { count, length, ...batch } = first;
    const key = `attention entropy ${count}x${length}`;
    const program = this.#sent
      ? {}
      : {
          program: traceOutputs(
            { rows: count, length, ...targets },
            this.data.packed,
            (tensors) => attentionEntropies([logitsOf(this.model, tensors)]),
            this.options,
          ),
        };
    if (program.program?.outputs.length === 0) return {};
    this.#sent = true;
    const found = await owner.run({ key, ...program, batch });
    return Object.fromEntries(Object.entries(found).map(([site, values]) => [site, Array.from(values)]));
  }
}

async function firstOf(batches: Iterable<EvaluationBatch> | AsyncIterable<EvaluationBatch>): Promise<EvaluationBatch | undefined> {
  for await (const batch of batches) return batch;
  return undefined;
}
