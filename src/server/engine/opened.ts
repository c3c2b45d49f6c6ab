import type { Preprocessing } from '../../datasets/index.js';
import type { LanguageModel, TokenModel, Transformer, ViT } from '../../models/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';

/** A checkpoint, opened: what the engine needs of it. */
export type Opened = OpenedText | OpenedImage | OpenedTranslation;

interface OpenedAny {
  /** `model_type` of its configuration. */
  readonly type: string;
  /** SHA-256 of the weights' file, hexadecimal. */
  readonly hash: string;
}

/** A model that takes tokens. */
export interface OpenedText extends OpenedAny {
  /** `decoder`: it predicts the next token. `encoder`: it reads from both ends. */
  readonly kind: 'decoder' | 'encoder';
  readonly model: TokenModel | LanguageModel;
  readonly tokenizer: Tokenizer | undefined;
  /** Tokens that end a text. */
  readonly endIds: readonly number[];
  /** What its classes are called, where it labels texts or tokens. */
  readonly labels: readonly string[] | undefined;
}

/** A model that takes images. */
export interface OpenedImage extends OpenedAny {
  readonly kind: 'image';
  readonly model: ViT;
  readonly preprocessing: Preprocessing;
}

/** An encoder–decoder. */
export interface OpenedTranslation extends OpenedAny {
  readonly kind: 'translation';
  readonly model: Transformer;
  /** Reads sources and targets. */
  readonly tokenizer: Tokenizer | undefined;
  /** What stands before the first token of a target. */
  readonly startId: number | undefined;
  /** Tokens that end a target. */
  readonly endIds: readonly number[];
}

/** The checkpoint of a folder. @throws file, checkpoint, tokenizer, unsupported: what cannot be opened, each thing named */
export type OpenModel = (path: string) => Promise<Opened>;
