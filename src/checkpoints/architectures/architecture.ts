import type { LanguageModel } from '../../models/index.js';
import type { Config, JsonObject } from '../config.js';
import type { NameMap } from '../name-map.js';

/** What ties a model of ours to a checkpoint's `model_type`: names as data, and its config read and written. */
export interface Architecture {
  readonly modelType: string;
  /** Whether Hugging Face's transformers know this layout; else it is Headlight's own, in their style. */
  readonly published: boolean;
  readonly names: NameMap;
  /** A prefix that files may leave out. */
  readonly optionalPrefix: string;
  /** The model a config describes, globs of what its file may hold besides, and which parameters are one array. */
  read(config: Config): {
    readonly model: LanguageModel;
    readonly ignore: readonly string[];
    readonly tied: Readonly<Record<string, string>>;
  };
  /** The config of a model, or undefined where it is not of this kind. */
  write(model: LanguageModel): JsonObject | undefined;
  /** Parameters that the published layout has and this model lacks, with the values that change nothing. */
  complete(model: LanguageModel): readonly { readonly name: string; readonly shape: readonly number[]; readonly value: number }[];
}
