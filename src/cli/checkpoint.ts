import { type LoadOptions, loadFrom, openCheckpoint as openSource, resolveCheckpoint } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { loadTokenizer, type Tokenizer, tokenizerFromJson } from '../tokenizers/index.js';

/** A checkpoint as commands use it. */
export interface Checkpoint {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer | undefined;
}

/**
 * Opens what a person names: a folder, a `.gguf` or `.bin` file, or a hub id, which is fetched.
 * @throws file, checkpoint, tokenizer: what cannot be used, each thing named
 */
export async function openCheckpoint(name: string, options: LoadOptions = {}): Promise<Checkpoint> {
  const path = await resolveCheckpoint(name);
  const source = await openSource(path);
  try {
    const { model } = await loadFrom(source, options);
    const own = source.tokenizer();
    const tokenizer = own
      ? tokenizerFromJson(own.json, own.config, path)
      : source.format === 'safetensors'
        ? await loadTokenizer(path)
        : undefined;
    return { model, tokenizer };
  } finally {
    await source.close();
  }
}

/** The same for commands that read or write text. @throws tokenizer: a checkpoint without one */
export async function openTextCheckpoint(
  name: string,
  options: LoadOptions = {},
): Promise<{ readonly model: LanguageModel; readonly tokenizer: Tokenizer }> {
  const { model, tokenizer } = await openCheckpoint(name, options);
  if (tokenizer === undefined) {
    throw fail('tokenizer', {
      where: name,
      rule: 'a checkpoint with a tokenizer.json, to turn text into ids',
      got: 'none',
      fix: 'Put the tokenizer that belongs to the model into the folder',
    });
  }
  return { model, tokenizer };
}
