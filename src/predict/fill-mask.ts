import { fail } from '../core/index.js';
import { encodeText, specialToken } from './encode.js';
import type { EncoderRunner } from './encoder-runner.js';
import { softmax } from './softmax.js';

/** A token that may stand where the mask is. */
export interface MaskCandidate {
  readonly id: number;
  readonly token: string;
  readonly probability: number;
  /** The text with the token in this mask's place. */
  readonly text: string;
}

/** The likeliest tokens of one mask. */
export interface FilledMask {
  /** The mask's place among the text's ids. */
  readonly position: number;
  readonly candidates: readonly MaskCandidate[];
}

/**
 * The likeliest tokens of every mask of a text, each mask by itself.
 * @param top how many
 * @throws value: a text without a mask; tokenizer: no mask token; unsupported: a model with another head
 */
export async function fillMask(runner: EncoderRunner, text: string, top = 5): Promise<FilledMask[]> {
  runner.requireHead('maskedLanguage', 'fill');
  const { tokenizer } = runner;
  const mask = specialToken(tokenizer, 'mask', ['[MASK]', '<mask>']);
  if (mask === undefined) throw fail('tokenizer', { where: 'fill', rule: 'a tokenizer with a mask token', got: 'none' });
  const ids = encodeText(tokenizer, text, 'text');
  const places = ids.flatMap((id, at) => (id === mask.id ? [at] : []));
  if (places.length === 0) {
    const got = JSON.stringify(text.slice(0, 40));
    throw fail('value', {
      where: 'text',
      rule: `at least one ${mask.text}, the word to fill in`,
      got,
      fix: `Write ${mask.text} in its place`,
    });
  }
  const [{ values, width }] = (await runner.run([{ ids }], 'logits')) as [{ values: Float32Array; width: number }];
  const parts = text.split(mask.text);
  return places.map((position, n) => {
    const chances = softmax(values.subarray(position * width, (position + 1) * width));
    const best = Array.from(chances.subarray(0, tokenizer.size), (probability, id) => ({ id, probability }))
      .sort((a, b) => b.probability - a.probability || a.id - b.id)
      .slice(0, top);
    const around = (word: string): string => `${parts.slice(0, n + 1).join(mask.text)}${word}${parts.slice(n + 1).join(mask.text)}`;
    const candidates = best.map(({ id, probability }) => {
      const token = tokenizer.decode([id], { specialTokens: true }).trim();
      return { id, token, probability, text: around(token) };
    });
    return { position, candidates };
  });
}
