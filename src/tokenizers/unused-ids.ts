import type { Tokenizer } from './tokenizer.js';

/**
 * A tokenizer of a model whose vocabulary is larger: published ones are padded to round numbers, and a model may choose an
 * id of the padding. Such ids have no text, and `<unused n>` as their name.
 *
 * @param vocabulary the model's
 */
export function withUnusedIds(tokenizer: Tokenizer, vocabulary: number): Tokenizer {
  if (vocabulary <= tokenizer.size) return tokenizer;
  const isUnused = (id: number): boolean => Number.isInteger(id) && id >= tokenizer.size && id < vocabulary;
  const used = (ids: readonly number[]): number[] => ids.filter((id) => !isUnused(id));
  const { encodeToArray, encodeBytes, decodeBytes } = tokenizer;
  return {
    size: tokenizer.size,
    configJson: tokenizer.configJson,
    toJson: () => tokenizer.toJson(),
    encode: (text, options) => tokenizer.encode(text, options),
    encodeWithOffsets: (text, options) => tokenizer.encodeWithOffsets(text, options),
    idOf: (token) => tokenizer.idOf(token),
    decode: (ids, options) => tokenizer.decode(used(ids), options),
    tokens: (ids) => ids.flatMap((id) => (isUnused(id) ? [`<unused ${id}>`] : tokenizer.tokens([id]))),
    ...(encodeToArray && { encodeToArray: (text: string) => encodeToArray.call(tokenizer, text) }),
    ...(encodeBytes && { encodeBytes: (bytes: Uint8Array) => encodeBytes.call(tokenizer, bytes) }),
    ...(decodeBytes && { decodeBytes: (ids: readonly number[]) => decodeBytes.call(tokenizer, used(ids)) }),
  };
}
