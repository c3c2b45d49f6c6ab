/** The types of a metadata value, in the order of their numbers in the file. */
export const valueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type ValueType = (typeof valueTypes)[number];

/** One metadata value. Integers of 64 bits are bigints; an array holds values of one type, arrays too. */
export type GgufValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'uint64' | 'int64'; readonly value: bigint }
  | { readonly type: Exclude<ValueType, 'bool' | 'string' | 'uint64' | 'int64' | 'array'>; readonly value: number }
  | { readonly type: 'array'; readonly value: GgufArray };

/** An array's items are plain values of the type `of`; those of an array of arrays are arrays themselves. */
export type GgufArray =
  | { readonly of: 'string'; readonly items: readonly string[] }
  | { readonly of: 'bool'; readonly items: readonly boolean[] }
  | { readonly of: 'array'; readonly items: readonly GgufArray[] }
  | { readonly of: 'uint64' | 'int64'; readonly items: ArrayLike<bigint> }
  | { readonly of: Exclude<ValueType, 'string' | 'bool' | 'array' | 'uint64' | 'int64'>; readonly items: ArrayLike<number> };

/** A file's metadata: `general.architecture`, `llama.block_count`, `tokenizer.ggml.tokens`, … */
export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Arrays of arrays deeper than this are nobody's metadata. */
export const mostArrayLevels = 4;
