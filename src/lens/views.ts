import type { HostArray } from '../core/index.js';
import type { LanguageModel, TokenModel, ViT } from '../models/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { Lens, type LensOptions } from './lens.js';
import { type ImageModel, imageSubject } from './subject/images.js';
import { type Prompt, tokenSubject } from './subject/tokens.js';
import { type TranslationModel, type TranslationPrompt, translationSubject } from './subject/translation.js';

export interface TextLensOptions extends LensOptions {
  /** Reads prompts that are text. */
  readonly tokenizer?: Tokenizer | undefined;
}

/** A lens on a model of tokens. @example await lens(model).capture([1, 2, 3], 'blocks.*.attention.pattern') */
export function lens(model: LanguageModel, options?: TextLensOptions): Lens<Prompt, LanguageModel>;
export function lens(model: TokenModel, options?: TextLensOptions): Lens<Prompt, TokenModel>;
export function lens(model: TokenModel, { tokenizer, ...options }: TextLensOptions = {}): Lens<Prompt, TokenModel> {
  return new Lens(tokenSubject(model, tokenizer), options);
}

/** A lens on a model of images. @example await imageLens(vit).capture(pixels, 'blocks.*.attention.pattern') */
export function imageLens(model: ViT, options: LensOptions = {}): Lens<HostArray, ImageModel> {
  return new Lens(imageSubject(model), options);
}

/** A lens on an encoder–decoder. @example await translationLens(model).capture({ source, target }, '*cross_attention.pattern') */
export function translationLens(
  model: TranslationModel,
  { tokenizer, ...options }: TextLensOptions = {},
): Lens<TranslationPrompt, TranslationModel> {
  return new Lens(translationSubject(model, tokenizer), options);
}
