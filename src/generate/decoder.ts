import { type Dim, fail, HostArray, symbol } from '../core/index.js';
import type { LanguageModel, SequenceState } from '../models/index.js';
import { concat, input, type Tensor, withTraining } from '../ops/index.js';
import { checkSites, type GraphInput, type LoweredProgram, lowerProgram, Program, sitesOf } from '../runtime/index.js';
import { KeyValueCache } from './cache.js';
import { checkedIds } from './check-ids.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { predictionOutputs, siteValues } from './outputs.js';

/** A model that can go on from kept keys and values. */
export type CachedModel = LanguageModel & Required<Pick<LanguageModel, 'cache'>>;

export interface DecoderOptions extends NextTokensOptions {
  /** Sequences read side by side, all of one length. */
  readonly batch?: number;
}

/** Which program: `first` reads into an empty cache, `more` and `step` go on, `step` by one token. */
type Kind = 'first' | 'more' | 'step';

/**
 * Reads tokens one after another, keeping the keys and values of every layer, so that a new token costs one pass over
 * the weights and what is kept, whatever came before.
 *
 * A program returns the logits of the last position and the new tokens' keys and values only; the host writes them into
 * a fixed-size cache.
 *
 * The program of one token holds the weights, which the engine lays out anew for products with a single row. At 124M
 * parameters and two threads that takes 2 to 4 seconds and the weights' memory once more, and a token then takes 9 ms
 * instead of the 16 ms of reading the parameters where they lie. Programs of longer pieces do the latter. So a decoder is
 * bound to the weights it was made with; after changing them, make another.
 */
export class Decoder implements NextTokens {
  readonly vocabulary: number;
  readonly context: number;
  readonly batch: number;
  readonly #model: CachedModel;
  readonly #options: DecoderOptions;
  readonly #cache: KeyValueCache;
  readonly #programs = new Map<Kind, Program>();
  readonly #position = new HostArray(new Int32Array(1), [1], 'int32');

  private constructor(model: CachedModel, options: DecoderOptions) {
    this.#model = model;
    this.#options = options;
    this.vocabulary = model.vocabulary;
    this.context = model.context;
    this.batch = options.batch ?? 1;
    this.#cache = new KeyValueCache({ ...model.cache, batch: this.batch, limit: model.context });
  }

  /** @throws value: a batch below 1; checkpoint: a model whose `cache` does not fit its attention's sites */
  static async create(model: CachedModel, options: DecoderOptions = {}): Promise<Decoder> {
    const { batch = 1 } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw fail('value', { where: 'Decoder', rule: 'batch is a whole number from 1', got: String(batch) });
    }
    const decoder = new Decoder(model, options);
    await decoder.#program('step');
    return decoder;
  }

  get length(): number {
    return this.#cache.length;
  }

  async append(ids: ArrayLike<number>): Promise<Float32Array> {
    const tokens = checkedIds(ids, this, this.batch);
    const added = tokens.length / this.batch;
    const kind: Kind = this.length === 0 ? 'first' : added === 1 ? 'step' : 'more';
    const program = await this.#program(kind);
    const feeds: Record<string, HostArray> = { ids: new HostArray(tokens, [this.batch, added], 'int32') };
    if (kind !== 'first') this.#feedCache(feeds);
    const results = await program.run(feeds);
    if (this.#options.check) checkSites(siteValues(results));
    this.#cache.write(results.recent as HostArray);
    return (results.logits as HostArray).data as Float32Array;
  }

  reset(): void {
    this.#cache.clear();
  }

  async dispose(): Promise<void> {
    this.#cache.dispose();
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.all(programs.map((p) => p.dispose()));
  }

  #feedCache(feeds: Record<string, HostArray>): void {
    const { keys, values, filled } = this.#cache;
    this.#position.data[0] = this.length;
    feeds.position = this.#position;
    feeds.filled = filled;
    keys.forEach((memory, i) => {
      feeds[`keys.${i}`] = memory;
    });
    values.forEach((memory, i) => {
      feeds[`values.${i}`] = memory;
    });
  }

  async #program(kind: Kind): Promise<Program> {
    const known = this.#programs.get(kind);
    if (known !== undefined) return known;
    const { device, threads, check } = this.#options;
    const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const program = await Program.create(
      decoderProgram(this.#model, { kind, batch: this.batch, check: check ?? false, ...options }),
      options,
    );
    this.#programs.set(kind, program);
    return program;
  }
}

interface DecoderProgramOptions {
  readonly kind: Kind;
  readonly batch: number;
  readonly check: boolean;
  readonly device?: 'cpu' | 'webgpu';
  /** Whether the program holds the weights; by default, only that of one token does. */
  readonly embedParameters?: boolean;
}

/**
 * Traces a model with its cache as inputs: ids [B,T], position [1], filled [B,P], and per layer keys and values [B,K,P,D].
 * Outputs: `logits` [B,V] of the last position, `recent` [2L·B,K,T,D], and every site under `check`.
 */
export function decoderProgram(
  model: CachedModel,
  { kind, batch, check, embedParameters = kind === 'step', ...options }: DecoderProgramOptions,
): LoweredProgram {
  const { layers, heads, headWidth } = model.cache;
  const length: Dim = kind === 'step' ? 1 : symbol('T');
  const capacity = symbol('P');
  const inputs: GraphInput[] = [];
  const declare = (name: string, shape: readonly Dim[], dtype: 'float32' | 'int32' | 'bool'): Tensor => {
    inputs.push({ name, spec: { shape, dtype } });
    return input(name, shape, dtype);
  };
  const ids = declare('ids', [batch, length], 'int32');
  let state: SequenceState | undefined;
  if (kind !== 'first') {
    const filled = declare('filled', [batch, capacity], 'bool');
    const memory = (name: string): Tensor => declare(name, [batch, heads, capacity, headWidth], 'float32');
    state = {
      position: declare('position', [1], 'int32'),
      past: Array.from({ length: layers }, (_, i) => ({ keys: memory(`keys.${i}`), values: memory(`values.${i}`), filled })),
    };
  }
  const logits = withTraining(false, () => model.forward(ids, state));
  const sites = sitesOf([logits]);
  const recent = [...cachedSites(sites, 'key', layers), ...cachedSites(sites, 'value', layers)];
  const outputs = predictionOutputs(logits, { batch, vocabulary: model.vocabulary, sites: check });
  return lowerProgram({ ...outputs, recent: concat(recent, 0) }, inputs, { ...options, embedParameters });
}

/** The keys or values that each layer computed for the new tokens, in the order of the layers. */
function cachedSites(sites: ReadonlyMap<string, Tensor>, role: 'key' | 'value', layers: number): Tensor[] {
  const found = [...sites].filter(([name]) => name.endsWith(`attention.${role}`)).map(([, value]) => value);
  if (found.length !== layers) {
    throw fail('checkpoint', {
      where: 'Decoder',
      rule: `a model with a cache of ${layers} layers taps as many sites '…attention.${role}'`,
      got: String(found.length),
      fix: 'Correct `cache`, or leave it out: the model is then read anew for every token',
    });
  }
  return found;
}
