import { fail } from '../core/index.js';
import type { EncodingWithOffsets, Tokenizer } from '../tokenizers/index.js';

/** A text's ids with the tokens put around it. @param where what errors call the text @throws value: a text without a character */
export function encodeText(tokenizer: Tokenizer, text: string, where: string): number[] {
  checkText(text, where);
  return tokenizer.encode(text);
}

/** The same, with where each id comes from. */
export function encodeWithOffsets(tokenizer: Tokenizer, text: string, where: string): EncodingWithOffsets {
  checkText(text, where);
  return tokenizer.encodeWithOffsets(text);
}

export function checkText(text: string, where: string): void {
  if (text.trim() === '')
    throw fail('value', { where, rule: 'a text with at least one character', got: JSON.stringify(text.slice(0, 20)) });
}

/** What a tokenizer's config calls a special token, else the usual spelling that its vocabulary has; undefined without one. */
export function specialToken(
  tokenizer: Tokenizer,
  role: 'mask' | 'sep',
  usual: readonly string[],
): { text: string; id: number } | undefined {
  const config = tokenizer.configJson as Readonly<Record<string, unknown>> | null | undefined;
  const said: unknown = config?.[`${role}_token`];
  const named = typeof said === 'object' && said !== null ? (said as { content?: unknown }).content : said;
  for (const text of typeof named === 'string' ? [named] : usual) {
    const id = tokenizer.idOf(text);
    if (id !== undefined) return { text, id };
  }
  return undefined;
}
