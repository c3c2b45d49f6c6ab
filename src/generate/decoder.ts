import { type Dim, fail, HostArray, symbol } from '../core/index.js';
import type { LanguageModel, SequenceState } from '../models/index.js';
import { concat, input, type Tensor, withTraining } from '../ops/index.js';
import { type GraphInput, type LoweredProgram, lowerProgram, Program, sitesOf } from '../runtime/index.js';
import { KeyValueCache } from './cache.js';
import { checkedIds } from './check-ids.js';
import type { NextTokens, NextTokensOptions } from './next-tokens.js';
import { type Captured, Observation, type Observed, predictionOutputs, slots } from './outputs.js';

/** A model that can go on from kept keys and values. */
export type CachedModel = LanguageModel & Required<Pick<LanguageModel, 'cache'>>;

export interface DecoderOptions extends NextTokensOptions {
  /** Sequences read side by side. */
  readonly batch?: number;
}

/** Before the names of what a model is given besides tokens. */
const givenPrefix = 'given.';

/** Which program: `first` reads into an empty cache, `row` one row of it, `more` and `step` go on, `step` by one token. */
type Kind = 'first' | 'row' | 'more' | 'step';

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
 *
 * Rows of a batch may hold texts of different lengths: each begins at slot 0 of its own row of the cache and at position
 * 0, nothing is padded, and a row's logits have the same bits as if it were alone (tests hold it to that). A step of
 * eight rows took twice as long as one of one row (4 layers of width 768, 2 threads; medians of 55 alternated steps on a
 * machine that others used too).
 */
export class Decoder implements NextTokens {
  readonly vocabulary: number;
  readonly context: number;
  readonly batch: number;
  readonly #model: CachedModel;
  readonly #options: DecoderOptions;
  readonly #cache: KeyValueCache;
  readonly #programs = new Map<Kind, Program>();
  #observation: Observation | undefined;

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

  /** Tokens read in the longest row. */
  get length(): number {
    return this.#cache.length;
  }

  /** Tokens read in each row. */
  get lengths(): ArrayLike<number> {
    return this.#cache.lengths;
  }

  /**
   * @param ids [B,T] in one row
   * @param active rows that go on; the others' ids are passed over, and so should be their logits
   */
  async append(ids: ArrayLike<number>, active?: readonly boolean[]): Promise<Float32Array> {
    const rows = [...this.#cache.lengths.keys()].map((row) => (active?.[row] === false ? undefined : row));
    const longest = Math.max(0, ...rows.map((row) => (row === undefined ? 0 : (this.lengths[row] as number))));
    const { vocabulary, context } = this;
    const tokens = checkedIds(ids, { vocabulary, context, length: longest }, this.batch);
    const added = tokens.length / this.batch;
    const kind: Kind = this.length === 0 ? 'first' : added === 1 ? 'step' : 'more';
    return this.#run(kind, tokens, added, rows);
  }

  /** Reads tokens into one row, which forgets what it held. @returns its logits, [V] */
  async readRow(row: number, ids: ArrayLike<number>): Promise<Float32Array> {
    const { vocabulary, context } = this;
    const tokens = checkedIds(ids, { vocabulary, context, length: 0 });
    this.#cache.clear(row);
    return this.#run('row', tokens, tokens.length, [row]);
  }

  /** Every row goes on from what one of the rows has read. @param rows [B], which */
  select(rows: ArrayLike<number>): void {
    this.#cache.select(rows);
  }

  /** @param row a row of the last `append`; after `readRow`, 0 */
  captured(row = 0): Captured {
    return this.#observation?.row(row) ?? {};
  }

  keep(count: number): void {
    this.#cache.keep(count);
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

  /** @param rows for each row of the run, the row of the cache that it goes on with, if any */
  async #run(kind: Kind, tokens: Int32Array, added: number, rows: readonly (number | undefined)[]): Promise<Float32Array> {
    const program = await this.#program(kind);
    const goesOn = kind === 'step' || kind === 'more';
    const feeds: Record<string, HostArray> = { ids: new HostArray(tokens, [rows.length, added], 'int32') };
    for (const [name, { value }] of Object.entries(this.#model.given ?? {})) feeds[givenPrefix + name] = value;
    if (goesOn) this.#feedCache(feeds, added, rows);
    const results = await program.run(feeds);
    const kept = rows.map((_, row) => (goesOn ? (this.lengths[row] as number) : 0));
    this.#observation = new Observation(program, results, kept, this.#options);
    this.#cache.write(results.recent as HostArray, rows);
    return (results.logits as HostArray).data as Float32Array;
  }

  #feedCache(feeds: Record<string, HostArray>, added: number, rows: readonly (number | undefined)[]): void {
    const { keys, values, filled, lengths } = this.#cache;
    // A row that does not go on may be full: any position of the context will do for it.
    const first = rows.map((row) => (row === undefined ? 0 : (lengths[row] as number)));
    feeds.position =
      this.batch === 1
        ? new HostArray(Int32Array.from(first), [1], 'int32')
        : new HostArray(
            Int32Array.from(first.flatMap((p) => Array.from({ length: added }, (_, t) => p + t))),
            [this.batch, added],
            'int32',
          );
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
    const { device, threads, check, capture } = this.#options;
    const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const batch = kind === 'row' ? 1 : this.batch;
    const program = await Program.create(decoderProgram(this.#model, { kind, batch, check, capture, ...options }), options);
    this.#programs.set(kind, program);
    return program;
  }
}

interface DecoderProgramOptions extends Observed {
  readonly kind: Kind;
  readonly batch: number;
  readonly device?: 'cpu' | 'webgpu';
  /** Whether the program holds the weights; by default, only that of one token does. */
  readonly embedParameters?: boolean;
}

/**
 * Traces a model with its cache as inputs: ids [B,T], position [1] (of several rows [B,T]), filled [B,P], and per layer keys and values [B,K,P,D];
 * and what the model is given besides.
 * Outputs: `logits` [B,V] of the last position, `recent` [2L·B,K,T,D], and the sites that are looked at.
 */
export function decoderProgram(
  model: CachedModel,
  { kind, batch, check, capture, embedParameters = kind === 'step', ...options }: DecoderProgramOptions,
): LoweredProgram {
  const { layers, heads, headWidth } = model.cache;
  const length: Dim = kind === 'step' ? 1 : symbol('T');
  const capacity = symbol(slots);
  const inputs: GraphInput[] = [];
  const declare = (name: string, shape: readonly Dim[], dtype: 'float32' | 'int32' | 'bool'): Tensor => {
    inputs.push({ name, spec: { shape, dtype } });
    return input(name, shape, dtype);
  };
  const ids = declare('ids', [batch, length], 'int32');
  const given = Object.entries(model.given ?? {}).map(
    ([name, { shape }]) => [name, declare(givenPrefix + name, shape, 'float32')] as const,
  );
  let state: SequenceState | undefined = given.length === 0 ? undefined : { given: Object.fromEntries(given) };
  if (kind === 'step' || kind === 'more') {
    const filled = declare('filled', [batch, capacity], 'bool');
    const memory = (name: string): Tensor => declare(name, [batch, heads, capacity, headWidth], 'float32');
    state = {
      ...state,
      position: declare('position', batch === 1 ? [1] : [batch, length], 'int32'),
      past: Array.from({ length: layers }, (_, i) => ({ keys: memory(`keys.${i}`), values: memory(`values.${i}`), filled })),
    };
  }
  const logits = withTraining(false, () => model.forward(ids, state));
  const sites = sitesOf([logits]);
  const recent = [...cachedSites(sites, 'key', layers), ...cachedSites(sites, 'value', layers)];
  const outputs = predictionOutputs(logits, { batch, vocabulary: model.vocabulary, check, capture });
  return lowerProgram({ ...outputs, recent: concat(recent, 0) }, inputs, { ...options, embedParameters });
}

/** The keys or values that each layer computed for the new tokens, in the order of the layers. */
function cachedSites(sites: ReadonlyMap<string, Tensor>, role: 'key' | 'value', layers: number): Tensor[] {
  const found = [...sites].filter(([name]) => /(?<!cross_)attention\.(\w+)$/.exec(name)?.[1] === role).map(([, value]) => value);
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
