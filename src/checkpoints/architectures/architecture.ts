import type { LanguageModel } from '../../models/index.js';
import type { Module } from '../../nn/index.js';
import type { Config, JsonObject } from '../config.js';
import type { NameMap } from '../name-map.js';
import type { TensorSource } from '../source.js';

/** What ties a model of ours to a checkpoint's `model_type`: names as data, and its config read and written. */
export interface Architecture<M extends Module = LanguageModel> {
  readonly modelType: string;
  /** Whether Hugging Face's transformers know this layout; else it is Headlight's own, in their style. */
  readonly published: boolean;
  readonly names: NameMap;
  /** A prefix that files may leave out. */
  readonly optionalPrefix: string;
  /**
   * The model a config describes, globs of what its file may hold besides, and which parameters are one array.
   * @param file asked where a config leaves open which head its weights have
   */
  read(
    config: Config,
    file: Pick<TensorSource, 'has'>,
  ): {
    readonly model: M;
    readonly ignore: readonly string[];
    readonly tied: Readonly<Record<string, string>>;
  };
  /** The config of a model, or undefined where it is not of this kind. */
  write(model: M): JsonObject | undefined;
  /** Parameters that the published layout has and this model lacks, with the values that change nothing. */
  complete(model: M): readonly { readonly name: string; readonly shape: readonly number[]; readonly value: number }[];
}
