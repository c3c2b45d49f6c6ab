import { type Dim, HostArray, symbol } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { input, withTraining } from '../ops/index.js';
import { type GraphInput, type LoweredProgram, lowerProgram, Program } from '../runtime/index.js';
import { checkedIds } from './check-ids.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { type Captured, Observation, type Observed, predictionOutputs } from './outputs.js';
import type { Next, Rows } from './rows.js';

/** A model that can go on from a state of fixed size. */
export type StatefulModel = LanguageModel & Required<Pick<LanguageModel, 'carries' | 'advance'>>;

/** Where a text stands: how many tokens were read, and what the model carries from them. */
interface Stand {
  readonly length: number;
  /** [1,…] each; never written to, so that several texts may go on from one. */
  readonly state: readonly HostArray[];
}

/** Which program: `piece` reads any number of tokens, `step` one, and holds the weights, as a decoder's does. */
type Kind = 'piece' | 'step';

/**
 * Reads tokens with a model that carries a state from token to token: a recurrent network's hidden states, what the kernels of
 * a convolutional one look back at. A token costs a step, whatever came before, and a text has no longest length.
 *
 * Texts side by side are read one by one, from states of their own, by one program: each has the bits it has alone, and a copy
 * of a text is another reference to its state.
 */
export class StateReader {
  readonly vocabulary: number;
  readonly start: Stand;
  readonly #model: StatefulModel;
  readonly #options: NextTokensOptions;
  readonly #programs = new Map<Kind, Program>();

  /** @throws unsupported: a model that reads from both ends */
  constructor(model: StatefulModel, options: NextTokensOptions = {}) {
    this.#model = model;
    this.#options = options;
    this.vocabulary = model.vocabulary;
    const zeros = model.carries.map((shape) => new HostArray(new Float32Array(shape.reduce((a, b) => a * b, 1)), [1, ...shape], 'float32'));
    this.start = { length: 0, state: zeros };
  }

  /** Reads tokens after a stand. @throws value: no token, or ids outside the vocabulary; numeric: NaN or infinity, under `check` */
  async read(ids: ArrayLike<number>, from: Stand): Promise<Next & { readonly stand: Stand }> {
    const { vocabulary } = this;
    const tokens = checkedIds(ids, { vocabulary, context: Number.POSITIVE_INFINITY, length: from.length });
    const program = await this.#program(tokens.length === 1 ? 'step' : 'piece');
    const given = Object.fromEntries(from.state.map((value, i) => [`state.${i}`, value]));
    const results = await program.run({ ids: new HostArray(tokens, [1, tokens.length], 'int32'), ...given });
    const captured = new Observation(program, results, [0], this.#options).row(0);
    const state = from.state.map((_, i) => results[`next.${i}`] as HostArray);
    const logits = (results.logits as HostArray).data as Float32Array;
    return { logits, captured, stand: { length: from.length + tokens.length, state } };
  }

  async dispose(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(programs.map((p) => p.dispose()));
  }

  async #program(kind: Kind): Promise<Program> {
    const known = this.#programs.get(kind);
    if (known !== undefined) return known;
    const { device, threads, check, capture } = this.#options;
    const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const lowered = stateProgram(this.#model, { kind, check, capture, embedParameters: kind === 'step', ...options });
    const program = await Program.create(lowered, options);
    this.#programs.set(kind, program);
    return program;
  }
}

interface StateProgramOptions extends Observed {
  readonly kind: Kind;
  readonly device?: 'cpu' | 'webgpu';
  readonly embedParameters?: boolean;
}

/**
 * Traces a model with its state as inputs: ids [1,T] and `state.{i}` [1,…]. Outputs: `logits` [1,V] of the last position,
 * `next.{i}`, the state after it, and the sites that are looked at.
 */
export function stateProgram(model: StatefulModel, { kind, check, capture, ...options }: StateProgramOptions): LoweredProgram {
  const length: Dim = kind === 'step' ? 1 : symbol('T');
  const inputs: GraphInput[] = [{ name: 'ids', spec: { shape: [1, length], dtype: 'int32' } }];
  const state = model.carries.map((shape, i) => {
    const spec = { shape: [1, ...shape], dtype: 'float32' } as const;
    inputs.push({ name: `state.${i}`, spec });
    return input(`state.${i}`, spec.shape, spec.dtype);
  });
  const advanced = withTraining(false, () => model.advance(input('ids', [1, length], 'int32'), state));
  const outputs = predictionOutputs(advanced.logits, { batch: 1, vocabulary: model.vocabulary, check, capture });
  const next = Object.fromEntries(advanced.state.map((value, i) => [`next.${i}`, value]));
  return lowerProgram({ ...outputs, ...next }, inputs, options);
}

/** One text read by its state. */
export class StateDecoder implements NextTokens {
  readonly vocabulary: number;
  readonly context = Number.POSITIVE_INFINITY;
  readonly #reader: StateReader;
  #stand: Stand;
  #captured: Captured = {};

  /** @throws unsupported: a model that reads from both ends */
  constructor(model: StatefulModel, options: NextTokensOptions = {}) {
    this.#reader = new StateReader(model, options);
    this.vocabulary = model.vocabulary;
    this.#stand = this.#reader.start;
  }

  get length(): number {
    return this.#stand.length;
  }

  async append(ids: ArrayLike<number>): Promise<Float32Array> {
    const { logits, captured, stand } = await this.#reader.read(ids, this.#stand);
    this.#stand = stand;
    this.#captured = captured;
    return logits;
  }

  captured(): Captured {
    return this.#captured;
  }

  reset(): void {
    this.#stand = this.#reader.start;
  }

  dispose(): Promise<void> {
    return this.#reader.dispose();
  }
}

/** Several texts read by one reader, each from a state of its own. */
export function stateRows(reader: StateReader, count: number): Rows {
  let stands: Stand[] = Array.from({ length: count }, () => reader.start);
  const goOn = async (row: number, ids: readonly number[], from: Stand): Promise<Next> => {
    const { stand, ...next } = await reader.read(ids, from);
    stands[row] = stand;
    return next;
  };
  return {
    context: Number.POSITIVE_INFINITY,
    length: (row) => stands[row]?.length ?? 0,
    read: (row, ids) => goOn(row, ids, reader.start),
    step: async (ids) => {
      const all: (Next | undefined)[] = [];
      for (const [row, id] of ids.entries()) all.push(id === undefined ? undefined : await goOn(row, [id], stands[row] as Stand));
      return all;
    },
    follow: async (from, texts) => {
      stands = stands.map((stand, row) => stands[from[row] ?? row] ?? stand);
      const all: Next[] = [];
      for (const [row, ids] of texts.entries()) all.push(await goOn(row, ids.slice(-1), stands[row] as Stand));
      return all;
    },
  };
}
