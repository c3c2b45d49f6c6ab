import { HostArray } from '../../core/index.js';
import { input, linear, matmul, parameterTensor, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import type { Matrix } from '../algebra/matrix.js';
import type { LensModel } from '../trace.js';
import type { HeadWeights } from './attention-weights.js';
import { readingsOf } from './reading.js';
import { vocabularyWeights } from './vocabulary.js';

/**
 * The OV circuits of a model's heads over its own vocabulary, W_E W_V W_O W_U, [V,V] of rank D. They are held as the square
 * matrices of the same eigenvalues, W_O (W_U W_E) W_V, [D,D], of which the middle is made once, by the engine: a vocabulary may be
 * large.
 */
export class VocabularyCircuits {
  readonly #between: HostArray;
  readonly #sources: readonly string[];
  readonly #engine: ProgramOptions;
  readonly #programs = new Map<string, Program>();

  private constructor(between: HostArray, sources: readonly string[], engine: ProgramOptions) {
    this.#between = between;
    this.#sources = sources;
    this.#engine = engine;
  }

  /** @param fold whether the final norm's gain is a part of W_U @returns undefined for a model that has not both W_E and W_U */
  static async of(model: LensModel, fold: boolean, engine: ProgramOptions): Promise<VocabularyCircuits | undefined> {
    const { embedding, unembedding } = vocabularyWeights(model);
    if (embedding === undefined || unembedding === undefined) return undefined;
    const reading = fold ? readingsOf(model).get(unembedding) : undefined;
    let scores = parameterTensor(unembedding); // [V,C]
    if (reading !== undefined) scores = scores.mul(new HostArray(Float32Array.from(reading.gain), [reading.gain.length], 'float32'));
    if (reading?.centred) scores = scores.sub(scores.mean({ axis: 1, keep: true }));
    const between = matmul(scores, parameterTensor(embedding), { transposeA: true }); // W_U W_E, [C,C]
    const program = await Program.create(lowerProgram({ between }, [], engine), engine);
    try {
      // In an encoder–decoder the vocabulary is the target's: the heads that move its tokens are the decoder's own.
      const isPair = [...model.modules().keys()].includes('encoder.blocks.0');
      return new VocabularyCircuits((await program.run({})).between as HostArray, isPair ? ['decoder.', 'self_attention'] : [''], engine);
    } finally {
      await program.dispose();
    }
  }

  /** W_O (W_U W_E) W_V, [D,D]; undefined for a head that moves tokens of another vocabulary. */
  async circuit({ layer, value, output }: HeadWeights): Promise<Matrix | undefined> {
    if (!this.#sources.every((part) => layer.includes(part))) return undefined;
    const key = `${value.columns} ${output.rows}`;
    let program = this.#programs.get(key);
    if (program === undefined) {
      const [w, m, v] = [tensorOf('output', output), input('between', this.#between.shape), tensorOf('value', value)];
      const inputs = [w, m, v].map((spec, i) => ({ name: ['output', 'between', 'value'][i] as string, spec }));
      program = await Program.create(lowerProgram({ circuit: linear(linear(w, m), v) }, inputs, this.#engine), this.#engine);
      this.#programs.set(key, program);
    }
    const feeds = { output: hostOf(output), between: this.#between, value: hostOf(value) };
    const { data } = (await program.run(feeds)).circuit as HostArray;
    return { rows: output.rows, columns: value.columns, data: Float64Array.from(data as Float32Array) };
  }

  async dispose(): Promise<void> {
    const held = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(held.map((p) => p.dispose()));
  }
}

function tensorOf(name: string, { rows, columns }: Matrix): Tensor {
  return input(name, [rows, columns]);
}

function hostOf({ rows, columns, data }: Matrix): HostArray {
  return new HostArray(Float32Array.from(data), [rows, columns], 'float32');
}
