import {
  type CheckpointSource,
  type Config,
  encoderTypes,
  type LoadOptions,
  loadEncoderFrom,
  loadFrom,
  openCheckpoint as openSource,
  resolveCheckpoint,
} from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import type { Bert, LanguageModel, TokenModel } from '../models/index.js';
import { loadTokenizer, type Tokenizer, tokenizerFromJson, withUnusedIds } from '../tokenizers/index.js';

/** A checkpoint as commands use it. */
export interface Checkpoint<M extends TokenModel = LanguageModel> {
  readonly model: M;
  readonly tokenizer: Tokenizer | undefined;
  /** The folder or file, of a hub id where it was fetched to. */
  readonly path: string;
  readonly config: Config;
}

/** The same with a tokenizer, for commands that read or write text. */
export type TextCheckpoint<M extends TokenModel = LanguageModel> = Checkpoint<M> & { readonly tokenizer: Tokenizer };

/**
 * Opens what a person names, a model that predicts the next token: a folder, a `.gguf` or `.bin` file, or a hub id, which
 * is fetched.
 * @throws file, checkpoint, tokenizer: what cannot be used, each thing named; unsupported: an encoder
 */
export function openCheckpoint(name: string, options: LoadOptions = {}): Promise<Checkpoint> {
  return openWith(name, (source) => loadFrom(source, options));
}

/** The same of any model that takes tokens, to look into: encoders too. */
export function openAnyCheckpoint(name: string): Promise<Checkpoint<TokenModel>> {
  return openWith<TokenModel>(name, (source) => {
    const isEncoder = encoderTypes.some((type) => type === source.config.values.model_type);
    return isEncoder ? loadEncoderFrom(source) : loadFrom(source);
  });
}

/** The same for commands that read or write text. @throws tokenizer: a checkpoint without one */
export async function openTextCheckpoint(name: string, options: LoadOptions = {}): Promise<TextCheckpoint> {
  return withTokenizer(await openCheckpoint(name, options), name);
}

/** Any model that takes tokens, with its tokenizer. @throws tokenizer: a checkpoint without one */
export async function openAnyTextCheckpoint(name: string): Promise<TextCheckpoint<TokenModel>> {
  return withTokenizer(await openAnyCheckpoint(name), name);
}

/** An encoder with its tokenizer. @throws tokenizer: a checkpoint without one; unsupported: a model of another kind */
export async function openEncoderCheckpoint(name: string): Promise<TextCheckpoint<Bert>> {
  return withTokenizer(await openWith(name, loadEncoderFrom), name);
}

async function openWith<M extends TokenModel>(
  name: string,
  load: (source: CheckpointSource) => Promise<{ readonly model: M }>,
): Promise<Checkpoint<M>> {
  const path = await resolveCheckpoint(name);
  const source = await openSource(path);
  try {
    const { model } = await load(source);
    const own = source.tokenizer();
    const tokenizer = own
      ? tokenizerFromJson(own.json, own.config, path)
      : source.format === 'safetensors'
        ? await loadTokenizer(path)
        : undefined;
    return { model, tokenizer, path, config: source.config };
  } finally {
    await source.close();
  }
}

function withTokenizer<M extends TokenModel>(checkpoint: Checkpoint<M>, name: string): TextCheckpoint<M> {
  const { tokenizer, ...rest } = checkpoint;
  const { vocabulary } = rest.model;
  const refuse = (rule: string, got: string): never => {
    throw fail('tokenizer', { where: name, rule, got, fix: 'Put the tokenizer that belongs to the model into the folder' });
  };
  if (tokenizer === undefined) return refuse('a checkpoint with a tokenizer.json, to turn text into ids', 'none');
  const { size } = tokenizer;
  if (size > vocabulary) refuse(`a tokenizer of at most ${vocabulary} tokens, the model's vocabulary`, String(size));
  // Some fewer are usual: published vocabularies are padded to round numbers, the most by 2.4%.
  const least = vocabulary - Math.max(128, Math.floor(vocabulary / 10));
  if (size < least) refuse(`a tokenizer of at least ${least} tokens, the model's vocabulary being ${vocabulary}`, String(size));
  return { ...rest, tokenizer: withUnusedIds(tokenizer, vocabulary) };
}
