import { files } from '#files';
import { fail } from '../core/index.js';

export interface PromptFlags {
  readonly prompt?: readonly string[];
  readonly prompts?: string;
}

/**
 * The texts to continue: each `--prompt`, then each line of the `--prompts` file; empty lines are passed over.
 * @throws value: none of them, or an empty one; file: a file that cannot be read
 */
export async function promptTexts({ prompt = [], prompts }: PromptFlags): Promise<string[]> {
  const lines = prompts === undefined ? [] : (await files.readText(prompts)).split(/\r?\n/).filter((line) => line !== '');
  const all = [...prompt, ...lines];
  if (all.length === 0) {
    throw fail('value', {
      where: 'generate',
      rule: 'a text to continue',
      got: prompts === undefined ? 'none' : `no line in ${prompts}`,
      fix: 'Give --prompt <text>, or --prompts <file> with one on each line',
    });
  }
  // Tokenizers that set a beginning of text before every text would let it through.
  if (all.includes('')) {
    throw fail('value', { where: 'generate', rule: 'prompts of at least one token of text', got: '""', fix: 'Say how the text begins' });
  }
  return all;
}
