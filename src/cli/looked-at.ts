import { fail } from '../core/index.js';
import type { LensModel, LensPrompt } from '../lens/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { openAnyCheckpoint } from './checkpoint.js';
import { openImageModel, openImagePixels } from './image-checkpoint.js';
import { parseIds } from './source.js';

/** What a model is run on, as flags say it. */
export interface PromptFlags {
  readonly text?: string;
  readonly ids?: string;
  readonly image?: string;
}

/** A model and what it is run on. */
export interface LookedAt {
  readonly model: LensModel;
  readonly tokenizer: Tokenizer | undefined;
  /** undefined where nothing was said. */
  readonly prompt: LensPrompt | undefined;
}

/**
 * Opens a checkpoint of any kind, and reads what it is to be run on.
 * @throws value: several of --text, --ids and --image; and as opening does
 */
export async function openLookedAt(folder: string, { text, ids, image }: PromptFlags): Promise<LookedAt> {
  const given = [text, ids, image].filter((x) => x !== undefined).length;
  if (given > 1)
    throw fail('value', { where: 'prompt', rule: 'one of --text, --ids and --image', got: `${given} of them`, fix: 'Leave some out' });
  if (image !== undefined) {
    const { model, pixels } = await openImagePixels(folder, image);
    return { model, tokenizer: undefined, prompt: pixels };
  }
  const vit = given === 0 ? await openImageModel(folder) : undefined;
  if (vit !== undefined) return { model: vit, tokenizer: undefined, prompt: undefined };
  const { model, tokenizer } = await openAnyCheckpoint(folder);
  const prompt = ids === undefined ? text : parseIds(ids);
  return { model, tokenizer, prompt };
}
