import { quote } from '../quote.js';
import type { StoredTensor } from '../source.js';
import type { Cursor } from './cursor.js';
import { readValue } from './read-value.js';
import { tensorTypeById } from './tensor-types.js';
import type { GgufMetadata, GgufValue } from './values.js';

export interface GgufTensor extends StoredTensor {
  /** First byte, counted from the start of the file. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: GgufMetadata;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

export const magic = 0x46554747; // 'GGUF', little-endian
export const alignmentKey = 'general.alignment';
export const usualAlignment = 32;

/** The format allows four. */
const mostAxes = 4;

/**
 * A GGUF file's beginning, versions 2 and 3: magic, version, counts, metadata, and each tensor's name, sizes, type and
 * offset. The data begin at the next multiple of the alignment. GGUF names an array's sizes from the fastest axis on;
 * shapes here are the other way round, as in Hugging Face's files.
 *
 * @throws `file` for what is not so, is not within the file, or overlaps; `NeedsMore` where the bytes at hand do not suffice
 */
export function parseGgufHeader(cursor: Cursor): GgufHeader {
  if (cursor.fileBytes < 24) throw cursor.broken('a GGUF file has at least 24 bytes', `${cursor.fileBytes}`);
  if (cursor.uint32('the magic') !== magic) throw cursor.broken('a GGUF file begins with "GGUF"', 'other bytes');
  const version = cursor.uint32('the version');
  if (version !== 2 && version !== 3) {
    const isBigEndian = version === 0x02000000 || version === 0x03000000;
    throw cursor.broken('GGUF of version 2 or 3, little-endian', isBigEndian ? 'big-endian' : `version ${version}`);
  }
  const tensorCount = cursor.count('the number of tensors', 24);
  const valueCount = cursor.count('the number of metadata values', 12);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) {
    const key = cursor.string('a metadata key');
    if (metadata.has(key)) throw cursor.broken('metadata keys stand once', quote(key));
    metadata.set(key, readValue(cursor, key));
  }
  const found = new Map<string, GgufTensor>();
  for (let i = 0; i < tensorCount; i++) {
    const [name, tensor] = readTensor(cursor);
    if (found.has(name)) throw cursor.broken('tensor names stand once', quote(name));
    found.set(name, tensor);
  }
  return { version, metadata, tensors: placed(cursor, found, alignmentOf(cursor, metadata)) };
}

function alignmentOf(cursor: Cursor, metadata: GgufMetadata): number {
  const value = metadata.get(alignmentKey)?.value ?? usualAlignment;
  if (typeof value === 'number' && value >= 8 && value <= 2 ** 20 && value % 8 === 0) return value;
  throw cursor.broken(`"${alignmentKey}" is a multiple of 8, at most 2^20`, typeof value === 'number' ? String(value) : typeof value);
}

/** Offsets are counted from the start of the data so far. */
function readTensor(cursor: Cursor): [string, GgufTensor] {
  const name = cursor.string("a tensor's name");
  const tensor = `tensor ${quote(name)}`;
  const axes = cursor.uint32(`the number of axes of ${tensor}`);
  if (axes > mostAxes) throw cursor.broken(`${tensor} has at most ${mostAxes} axes`, String(axes));
  const sizes: number[] = [];
  for (let axis = 0; axis < axes; axis++) sizes.push(cursor.size(`the shape of ${tensor}`));
  const id = cursor.uint32(`the type of ${tensor}`);
  const type = tensorTypeById.get(id);
  if (type === undefined) throw cursor.broken(`${tensor} has a type that the format describes`, `number ${id}`);
  const row = sizes[0] ?? 1;
  if (row % type.elements !== 0)
    throw cursor.broken(`${tensor} of ${type.name} has rows of whole blocks of ${type.elements}`, `${row} columns`);
  const count = sizes.reduce((a, b) => a * b, 1); // beyond 2^53 it is inexact, but then it is also larger than any file
  const offset = cursor.size(`the offset of ${tensor}`);
  return [name, { dtype: type.name, shape: sizes.reverse(), bytes: (count / type.elements) * type.bytes, offset }];
}

/** Tensors at their places in the file, each within it, on the alignment, none over another. */
function placed(cursor: Cursor, tensors: ReadonlyMap<string, GgufTensor>, alignment: number): Map<string, GgufTensor> {
  const start = Math.ceil(cursor.offset / alignment) * alignment;
  const out = new Map<string, GgufTensor>();
  for (const [name, tensor] of tensors) {
    const offset = start + tensor.offset;
    const where = `tensor ${quote(name)}`;
    if (tensor.offset % alignment !== 0) throw cursor.broken(`${where} begins at a multiple of ${alignment}`, String(tensor.offset));
    if (offset + tensor.bytes > cursor.fileBytes) {
      throw cursor.broken(`${where} lies within the ${cursor.fileBytes} bytes of the file`, `bytes ${offset} to ${offset + tensor.bytes}`);
    }
    out.set(name, { ...tensor, offset });
  }
  let end = 0;
  for (const [name, { offset, bytes }] of [...out].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (offset < end && bytes > 0) throw cursor.broken(`tensor ${quote(name)} does not overlap another`, `a beginning at byte ${offset}`);
    end = Math.max(end, offset + bytes);
  }
  return out;
}
