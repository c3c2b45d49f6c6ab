import { HostArray } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { input, withTraining } from '../ops/index.js';
import { type LoweredProgram, lowerProgram, Program } from '../runtime/index.js';
import { checkedIds } from './check-ids.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { type Captured, Observation, type Observed, predictionOutputs } from './outputs.js';

/** Programs are made per length; the least recently used beyond this many are disposed. */
const mostPrograms = 64;

/**
 * Reads everything anew for every token: for models that keep no keys and values, such as one of a user's own with only
 * `forward(ids)`. Every length is a program of its own, since such a model may compute with its sizes as numbers.
 */
export class Recomputer implements NextTokens {
  readonly vocabulary: number;
  readonly context: number;
  readonly #model: LanguageModel;
  readonly #options: NextTokensOptions;
  readonly #programs = new Map<number, Program>();
  #ids = new Int32Array(0);
  #observation: Observation | undefined;

  constructor(model: LanguageModel, options: NextTokensOptions = {}) {
    this.#model = model;
    this.#options = options;
    this.vocabulary = model.vocabulary;
    this.context = model.context;
  }

  get length(): number {
    return this.#ids.length;
  }

  async append(ids: ArrayLike<number>): Promise<Float32Array> {
    const all = Int32Array.of(...this.#ids, ...checkedIds(ids, this));
    const program = await this.#program(all.length);
    const results = await program.run({ ids: new HostArray(all, [1, all.length], 'int32') });
    this.#observation = new Observation(program, results, [0], this.#options);
    this.#ids = all;
    return (results.logits as HostArray).data as Float32Array;
  }

  captured(): Captured {
    return this.#observation?.row(0) ?? {};
  }

  reset(): void {
    this.#ids = new Int32Array(0);
  }

  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(programs.map((p) => p.dispose()));
  }

  async #program(length: number): Promise<Program> {
    const known = this.#programs.get(length);
    if (known !== undefined) this.#programs.delete(length);
    const program = known ?? (await this.#make(length));
    // A map lists its keys in the order they were set: the first is the least recently used.
    this.#programs.set(length, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > mostPrograms && oldest !== undefined) {
      await this.#programs.get(oldest)?.dispose();
      this.#programs.delete(oldest);
    }
    return program;
  }

  #make(length: number): Promise<Program> {
    const { device, threads, check, capture } = this.#options;
    const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    return Program.create(recomputerProgram(this.#model, { length, check, capture, ...options }), options);
  }
}

interface RecomputerProgramOptions extends Observed {
  readonly length: number;
  readonly device?: 'cpu' | 'webgpu';
}

/** Traces a model on ids [1,T]. Outputs: `logits` [1,V] of the last position, and the sites that are looked at. */
export function recomputerProgram(model: LanguageModel, { length, check, capture, ...options }: RecomputerProgramOptions): LoweredProgram {
  const spec = { shape: [1, length], dtype: 'int32' } as const;
  const logits = withTraining(false, () => model.forward(input('ids', spec.shape, spec.dtype)));
  const outputs = predictionOutputs(logits, { batch: 1, vocabulary: model.vocabulary, check, capture });
  return lowerProgram(outputs, [{ name: 'ids', spec }], options);
}
