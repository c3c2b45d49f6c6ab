import { files } from '#files';
import { fail } from '../../core/index.js';
import { float32ToFloat16 } from '../float16.js';
import { quote } from '../quote.js';
import { blockSize, toQ4, toQ8 } from './blocks.js';
import { alignmentKey, magic, usualAlignment } from './header.js';
import { tensorTypeByName, type WritableType, writableTypes } from './tensor-types.js';
import type { GgufMetadata } from './values.js';
import { ByteWriter } from './write-value.js';

/** A tensor to be written; its values are asked for when its turn comes, and not kept. */
export interface GgufEntry {
  readonly name: string;
  /** Rows last, as everywhere here; the file has the sizes the other way round. */
  readonly shape: readonly number[];
  readonly type: WritableType;
  values(): Float32Array | Promise<Float32Array>;
}

const encoders: Readonly<Record<WritableType, (values: Float32Array) => Uint8Array>> = {
  F32: (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  F16: (values) => new Uint8Array(float32ToFloat16(values).buffer),
  Q8_0: toQ8,
  Q4_0: toQ4,
};

/** Whether rows of so many columns can be of this type. */
export function fitsBlocks(type: WritableType, columns: number): boolean {
  return type === 'F32' || type === 'F16' || columns % blockSize === 0;
}

/**
 * A GGUF file of version 3 as chunks: the header, then one tensor after another.
 *
 * @throws `shape` for rows that are not whole blocks, or values that are not of the shape; `name` for a tensor named twice
 */
export async function* encodeGguf(metadata: GgufMetadata, tensors: readonly GgufEntry[]): AsyncGenerator<Uint8Array> {
  const alignment = Number(metadata.get(alignmentKey)?.value ?? usualAlignment);
  const padding = (length: number): number => (alignment - (length % alignment)) % alignment;
  const header = new ByteWriter();
  header.uint32(magic);
  header.uint32(3);
  header.uint64(tensors.length);
  header.uint64(metadata.size);
  for (const [key, value] of metadata) {
    header.string(key);
    header.value(value);
  }
  const names = new Set<string>();
  let offset = 0;
  for (const entry of tensors) {
    if (names.has(entry.name))
      throw fail('name', { where: 'encodeGguf', rule: 'a name for each tensor', got: `${quote(entry.name)} twice` });
    names.add(entry.name);
    header.string(entry.name);
    header.uint32(entry.shape.length);
    for (const size of entry.shape.toReversed()) header.uint64(size);
    header.uint32(tensorTypeByName.get(entry.type)?.id ?? 0);
    header.uint64(offset);
    const bytes = bytesOf(entry);
    offset += bytes + padding(bytes);
  }
  header.raw(new Uint8Array(padding(header.length)));
  yield header.bytes();
  for (const entry of tensors) {
    const values = await entry.values();
    const count = entry.shape.reduce((a, b) => a * b, 1);
    if (values.length !== count) {
      throw fail('shape', { where: 'encodeGguf', rule: `${count} values of ${quote(entry.name)}`, got: String(values.length) });
    }
    const bytes = encoders[entry.type](values);
    yield bytes;
    yield new Uint8Array(padding(bytes.length));
  }
}

function bytesOf({ name, shape, type }: GgufEntry): number {
  const format = tensorTypeByName.get(type);
  const columns = shape.at(-1) ?? 1;
  if (format === undefined || !fitsBlocks(type, columns)) {
    throw fail('shape', {
      where: 'encodeGguf',
      rule: `tensor ${quote(name)} of ${type} has rows of whole blocks of ${blockSize}`,
      got: `${columns} columns`,
      fix: `Choose another of ${writableTypes.join(', ')}`,
    });
  }
  return (shape.reduce((a, b) => a * b, 1) / format.elements) * format.bytes;
}

/** Writes a GGUF file, whole or not at all. */
export async function writeGguf(path: string, metadata: GgufMetadata, tensors: readonly GgufEntry[]): Promise<void> {
  await files.writeAtomic(path, encodeGguf(metadata, tensors));
}
