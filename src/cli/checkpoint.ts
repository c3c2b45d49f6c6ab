import { loadModel } from '../checkpoints/index.js';
import { fail } from '../core/index.js';
import type { LanguageModel } from '../models/index.js';
import { loadTokenizer, type Tokenizer } from '../tokenizers/index.js';

/** A checkpoint folder as commands use it. */
export interface Checkpoint {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer | undefined;
}

/** @throws file, checkpoint, tokenizer: folders that cannot be used, each thing named */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const model = await loadModel(folder);
  return { model, tokenizer: await loadTokenizer(folder) };
}

/** The same for commands that read or write text. @throws tokenizer: a folder without one */
export async function openTextCheckpoint(folder: string): Promise<{ readonly model: LanguageModel; readonly tokenizer: Tokenizer }> {
  const { model, tokenizer } = await openCheckpoint(folder);
  if (tokenizer === undefined) {
    throw fail('tokenizer', {
      where: folder,
      rule: 'a checkpoint with a tokenizer.json, to turn text into ids',
      got: 'none',
      fix: 'Put the tokenizer that belongs to the model into the folder',
    });
  }
  return { model, tokenizer };
}
