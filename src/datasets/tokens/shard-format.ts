import { fail } from '../../core/index.js';

/** Changes when anything about the files below, or about how text becomes tokens, does: what was kept before is made anew. */
export const formatVersion = 1;

/** Tokens in a shard; the last one has fewer. */
export const shardTokens = 2 ** 26;

export const indexFile = 'index.json';
export const documentsFile = 'documents.bin';
export const shardFile = (index: number): string => `tokens-${String(index).padStart(5, '0')}.bin`;

/** Bytes per id. */
export type IdWidth = 1 | 2 | 4;

/**
 * A folder of tokens: raw ids in shards, as narrow as the vocabulary allows; where documents begin, as float64; and this
 * index, which is written last. Numbers are in the byte order of the machine: little-endian on all that we know.
 */
export interface ShardIndex {
  readonly version: number;
  readonly tokens: number;
  readonly width: IdWidth;
  /** Ids are below it. */
  readonly vocabulary: number;
  readonly shardTokens: number;
  readonly documents: number;
  /** For people who look into the folder. */
  readonly sources: readonly string[];
}

/** The narrowest unsigned numbers that hold the ids of a vocabulary. */
export function widthFor(vocabulary: number): IdWidth {
  return vocabulary <= 2 ** 8 ? 1 : vocabulary <= 2 ** 16 ? 2 : 4;
}

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

/** @throws tokenizer: an id that the vocabulary does not have; it would come back as another */
export function packIds(ids: Int32Array, width: IdWidth, vocabulary: number): Uint8Array {
  const highest = firstBeyond(ids, vocabulary);
  if (highest !== undefined) {
    throw fail('tokenizer', { where: 'tokenize', rule: `ids below the vocabulary's ${vocabulary}`, got: String(highest) });
  }
  const packed = new arrays[width](ids);
  return new Uint8Array(packed.buffer);
}

/** @returns undefined where an id is beyond the vocabulary: the bytes are not what was written */
export function unpackIds(bytes: Uint8Array, width: IdWidth, vocabulary: number): Int32Array | undefined {
  const ids = new Int32Array(new arrays[width](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / width));
  return firstBeyond(ids, vocabulary) === undefined ? ids : undefined;
}

function firstBeyond(ids: Int32Array, vocabulary: number): number | undefined {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id < 0 || id >= vocabulary) return id;
  }
  return undefined;
}

/** The index, if it is one of ours. */
export function parseIndex(text: string): ShardIndex | undefined {
  try {
    const index = JSON.parse(text) as Partial<ShardIndex> | null;
    const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
    const isOurs =
      index?.version === formatVersion &&
      [index.tokens, index.vocabulary, index.documents].every(isCount) &&
      [1, 2, 4].includes(index.width ?? 0) &&
      isCount(index.shardTokens) &&
      index.shardTokens !== 0;
    return isOurs ? (index as ShardIndex) : undefined;
  } catch {
    return undefined;
  }
}
