import { type Dim, fail, HostArray, symbol } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
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

/**
 * Tokens of a prompt that are read in one run: later pieces attend to what earlier ones left in the cache, so that half of
 * the products that causality forbids are never formed, and what a run holds stays small. 1,024 tokens at 124M parameters
 * took 642 ms in pieces of 256, 638 in pieces of 128, and 721 at once (2 threads).
 */
const pieceLength = 256;

/**
 * Reads tokens one after another, keeping the keys and values of every layer, so that a new token costs one pass over
 * the weights and what is kept, whatever came before.
 *
 * One program reads everything, prompts and single tokens, whose numbers of rows, tokens and slots are free. It returns
 * the logits of the last position and the new tokens' keys and values only; the host writes them into a cache.
 * The program holds the weights, which the engine lays out anew for its products: products with one row then run at the
 * memory's speed, twice as fast as over weights where they lie. So a decoder is bound to the weights it was made with;
 * after changing them, make another.
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
  readonly #program: Program;
  #observation: Observation | undefined;

  private constructor(model: CachedModel, program: Program, options: DecoderOptions) {
    this.#model = model;
    this.#program = program;
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
    const { device, threads, check, capture } = options;
    const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
    const lowered = decoderProgram(model, { check, capture, embedParameters: true, ...engine });
    return new Decoder(model, await Program.create(lowered, engine), options);
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
    return this.#read(tokens, rows);
  }

  /** Reads tokens into one row, which forgets what it held. @returns its logits, [V] */
  async readRow(row: number, ids: ArrayLike<number>): Promise<Float32Array> {
    const { vocabulary, context } = this;
    const tokens = checkedIds(ids, { vocabulary, context, length: 0 });
    this.#cache.clear(row);
    return this.#read(tokens, [row]);
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
    await this.#program.dispose();
  }

  /**
   * Reads tokens piece by piece.
   * @param tokens [R,T]
   * @param rows for each of the R, the row of the cache that it goes on with, if any
   * @returns the logits after the last, [R,V]
   */
  async #read(tokens: Int32Array, rows: readonly (number | undefined)[]): Promise<Float32Array> {
    const length = tokens.length / rows.length;
    // Values that are looked at are those of all tokens that are new: they come out of one run.
    const most = this.#options.capture === undefined ? pieceLength : length;
    let logits: Float32Array = new Float32Array(0);
    for (let from = 0; from < length; from += most) {
      const to = Math.min(length, from + most);
      const piece = to - from === length ? tokens : columnsOf(tokens, rows.length, from, to);
      logits = await this.#run(piece, rows);
    }
    return logits;
  }

  async #run(tokens: Int32Array, rows: readonly (number | undefined)[]): Promise<Float32Array> {
    const added = tokens.length / rows.length;
    // A row that does not go on may be full: any position of the context will do for it.
    const kept = rows.map((row) => (row === undefined ? 0 : (this.lengths[row] as number)));
    const positions = kept.flatMap((first) => Array.from({ length: added }, (_, t) => first + t));
    // Nothing is attended to in an empty memory: an empty array in its place saves reading it. WebGPU has no empty arrays.
    const isNew = kept.every((length) => length === 0) && this.#options.device !== 'webgpu';
    const given = Object.entries(this.#model.given ?? {}).map(([name, { value }]) => [givenPrefix + name, value] as const);
    const results = await this.#program.run({
      ...Object.fromEntries(given),
      ids: new HostArray(tokens, [rows.length, added], 'int32'),
      position: new HostArray(Int32Array.from(positions), [rows.length, added], 'int32'),
      ...(isNew ? this.#cache.empty(rows.length) : this.#cache.feeds(rows.length < this.batch ? rows[0] : undefined)),
    });
    this.#observation = new Observation(this.#program, results, isNew ? kept.map(() => 0) : kept, this.#options);
    this.#cache.write(results.recent as HostArray, rows);
    return (results.logits as HostArray).data as Float32Array;
  }
}

/** Some columns of [R,T]. */
function columnsOf(tokens: Int32Array, rows: number, from: number, to: number): Int32Array {
  const length = tokens.length / rows;
  const piece = new Int32Array(rows * (to - from));
  for (let r = 0; r < rows; r++) piece.set(tokens.subarray(r * length + from, r * length + to), r * (to - from));
  return piece;
}

interface DecoderProgramOptions extends Observed {
  readonly device?: 'cpu' | 'webgpu';
  /** Whether the program holds the weights. */
  readonly embedParameters: boolean;
}

/**
 * Traces a model with its cache as inputs: ids and position [B,T], filled [B,P], and per layer keys and values [B,K,P,D];
 * and what the model is given besides.
 * Outputs: `logits` [B,V] of the last position, `recent` [2L·B,K,T,D], and the sites that are looked at.
 */
export function decoderProgram(model: CachedModel, { check, capture, ...options }: DecoderProgramOptions): LoweredProgram {
  const { layers, heads, headWidth } = model.cache;
  const [batch, length, capacity] = [symbol('B'), symbol('T'), symbol(slots)];
  const inputs: GraphInput[] = [];
  const declare = (name: string, shape: readonly Dim[], dtype: 'float32' | 'int32' | 'bool'): Tensor => {
    inputs.push({ name, spec: { shape, dtype } });
    return input(name, shape, dtype);
  };
  const memory = (name: string): Tensor => declare(name, [batch, heads, capacity, headWidth], 'float32');
  const ids = declare('ids', [batch, length], 'int32');
  const position = declare('position', [batch, length], 'int32');
  const filled = declare('filled', [batch, capacity], 'bool');
  const past = Array.from({ length: layers }, (_, i) => ({ keys: memory(`keys.${i}`), values: memory(`values.${i}`), filled }));
  const given = Object.fromEntries(
    Object.entries(model.given ?? {}).map(([name, { shape }]) => [name, declare(givenPrefix + name, shape, 'float32')]),
  );
  const logits = withTraining(false, () => model.forward(ids, { position, past, ...(model.given && { given }) }));
  const sites = sitesOf([logits]);
  const recent = [...cachedSites(sites, 'key', layers), ...cachedSites(sites, 'value', layers)];
  const outputs = predictionOutputs(logits, { batch, vocabulary: model.vocabulary, check, capture });
  return lowerProgram({ ...outputs, recent: concat(recent, 0) }, inputs, options);
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
