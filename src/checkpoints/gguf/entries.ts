import type { GgufMetadata, GgufValue } from './values.js';

/** A key of the metadata with its value. */
export type MetadataEntry = readonly [string, GgufValue];

export const uint = (key: string, value: number): MetadataEntry => [key, { type: 'uint32', value }];
export const float = (key: string, value: number): MetadataEntry => [key, { type: 'float32', value }];
export const text = (key: string, value: string): MetadataEntry => [key, { type: 'string', value }];
export const flag = (key: string, value: boolean): MetadataEntry => [key, { type: 'bool', value }];
export const texts = (key: string, items: readonly string[]): MetadataEntry => [key, { type: 'array', value: { of: 'string', items } }];

/** The metadata's single values as JSON has them, so that what reads configurations reads them; float32 in its shortest spelling. */
export function plainValues(metadata: GgufMetadata): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const [key, { type, value }] of metadata) {
    if (type === 'array') continue;
    if (type === 'float32') entries.push([key, shortest(value)]);
    else entries.push([key, typeof value === 'bigint' ? Number(value) : value]);
  }
  return Object.fromEntries(entries);
}

/** 1e-5 is stored as 0.000009999999747…: the fewest digits that mean the same float32. */
function shortest(value: number): number {
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** A list of strings of the metadata; `undefined` where there is none. */
export function stringsOf(metadata: GgufMetadata, key: string): readonly string[] | undefined {
  const value = metadata.get(key);
  return value?.type === 'array' && value.value.of === 'string' ? value.value.items : undefined;
}

/** A list of numbers of the metadata; `undefined` where there is none. */
export function numbersOf(metadata: GgufMetadata, key: string): ArrayLike<number> | undefined {
  const value = metadata.get(key);
  if (value?.type !== 'array') return undefined;
  const { of, items } = value.value;
  return of === 'float32' || of === 'int32' || of === 'uint32' ? items : undefined;
}
