import { fail, HostArray, symbol } from '../core/index.js';
import type { GivenArray, LanguageModel, SequenceState, SequenceToSequence } from '../models/index.js';
import { Module } from '../nn/index.js';
import { concat, input, Tensor, withTraining } from '../ops/index.js';
import { lowerProgram, Program, sitesOf } from '../runtime/index.js';
import { checkedIds } from './check-ids.js';
import type { NextTokensOptions } from './next-tokens.js';

/**
 * An encoder–decoder that has read a source, as a language model of its targets: whatever decodes a language model
 * (`generate`, `beamSearch`, `nextTokens`) decodes it, from a start token.
 *
 * A source is encoded once; what is kept are the keys and values that each block's cross-attention makes of the memory,
 * [1,K,S,D] each, and every step of decoding reads them. Programs keep to any source, so `nextTokens` made once serves all.
 * @example
 * const targets = await Targets.of(model);
 * await targets.read(sourceIds);
 * const { newIds } = await generateAll(targets, [start], { maxNewTokens: 50, temperature: 0, stopIds: [end] });
 */
export class Targets extends Module implements LanguageModel {
  // Private, so that the model does not become a part of this one: its parameters keep their names.
  readonly #model: SequenceToSequence;
  readonly #encoder: Program;
  #given: Readonly<Record<string, GivenArray>> | undefined;

  private constructor(model: SequenceToSequence, encoder: Program) {
    super();
    this.#model = model;
    this.#encoder = encoder;
  }

  /** @throws checkpoint: a decoder that has not a cross-attention in each block */
  static async of(model: SequenceToSequence, options: Pick<NextTokensOptions, 'device' | 'threads'> = {}): Promise<Targets> {
    const source = input('source', [1, symbol('S')], 'int32');
    const { layers } = model.cache;
    // The target does not matter: keys and values depend on the memory alone.
    const logits = withTraining(false, () => model.decode(input('target', [1, 1], 'int32'), model.encode(source)));
    const sites = [...sitesOf([logits])];
    const made = roles.map((role) => sites.filter(([name]) => name.endsWith(`cross_attention.${role}`)).map(([, value]) => value));
    if (made.some((values) => values.length !== layers)) {
      throw fail('checkpoint', {
        where: 'Targets',
        rule: `a decoder of ${layers} blocks taps as many sites '…cross_attention.key' and '…cross_attention.value'`,
        got: made.map((values) => values.length).join(' and '),
      });
    }
    const lowered = lowerProgram({ made: concat(made.flat(), 0) }, [{ name: 'source', spec: source }], options);
    return new Targets(model, await Program.create(lowered, options));
  }

  get vocabulary(): number {
    return this.#model.vocabulary;
  }

  get context(): number {
    return this.#model.context;
  }

  get cache(): SequenceToSequence['cache'] {
    return this.#model.cache;
  }

  /** Keys and values of the source. @throws value: before one is read */
  get given(): Readonly<Record<string, GivenArray>> {
    if (this.#given !== undefined) return this.#given;
    throw fail('value', { where: 'Targets', rule: 'a source', got: 'none', fix: 'Call read first' });
  }

  /** Encodes a source, which the next targets are of. @throws value: no token, or ids outside the vocabulary */
  async read(source: ArrayLike<number>): Promise<void> {
    const reading = { vocabulary: this.#model.sourceVocabulary, context: Number.POSITIVE_INFINITY, length: 0 };
    const ids = new HostArray(checkedIds(source, reading), [1, source.length], 'int32');
    const made = (await this.#encoder.run({ source: ids })).made as HostArray;
    const { layers } = this.#model.cache;
    const shape = [1, ...made.shape.slice(1)];
    const size = made.data.length / (2 * layers);
    const open = [1, made.shape[1] as number, symbol('S'), made.shape[3] as number];
    const entry = (role: number, layer: number): readonly [string, GivenArray] => {
      const data = (made.data as Float32Array).slice((role * layers + layer) * size, (role * layers + layer + 1) * size);
      return [`${roles[role]}.${layer}`, { shape: open, value: new HostArray(data, shape, 'float32') }];
    };
    const every = Array.from({ length: layers }, (_, layer) => layer);
    this.#given = Object.fromEntries(roles.flatMap((_, role) => every.map((layer) => entry(role, layer))));
  }

  /** @param ids [B,T] int32, of targets @returns logits [B,T,V] */
  forward(ids: Tensor, { given = {}, ...state }: SequenceState = {}): Tensor {
    const memory = Array.from({ length: this.cache.layers }, (_, layer) => {
      const [keys, values] = roles.map((role) => given[`${role}.${layer}`]);
      if (keys instanceof Tensor && values instanceof Tensor) return { keys, values };
      throw fail('value', { where: 'Targets', rule: 'the keys and values of a source', got: 'none', fix: 'Decode with generate' });
    });
    return this.#model.decode(ids, memory, state);
  }

  async dispose(): Promise<void> {
    await this.#encoder.dispose();
  }
}

const roles = ['key', 'value'] as const;
