import { files } from '#files';
import { bytesPerElement, fail, type HostArray } from '../core/index.js';
import { storedName } from './stored-type.js';

/** Arrays by name: a map or a plain object. */
export type NamedArrays = ReadonlyMap<string, HostArray> | Readonly<Record<string, HostArray>>;

/**
 * A safetensors file as chunks: the header, then each array's own bytes, which are views, not copies.
 * Wider dtypes come first, so that every tensor begins on a multiple of its element's size; then by name, so that the
 * same arrays always give the same file.
 *
 * @throws `name` for an array called `__metadata__`
 */
export function encodeSafetensors(tensors: NamedArrays, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const given: Iterable<readonly [string, HostArray]> = tensors instanceof Map ? tensors.entries() : Object.entries(tensors);
  const sorted = [...given].sort(([a, x], [b, y]) => bytesPerElement(y.dtype) - bytesPerElement(x.dtype) || (a < b ? -1 : 1));
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { data, dtype, shape }] of sorted) {
    if (name === '__metadata__') throw fail('name', { where: 'encodeSafetensors', rule: 'a tensor has another name than __metadata__' });
    entries.push([name, { dtype: storedName[dtype], shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }
  // fromEntries defines properties, so that a tensor may be called __proto__.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  const view = new DataView(header.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, 0, true);
  header.set(json, 8);
  return [header, ...sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** Writes arrays to a safetensors file, whole or not at all. Hugging Face's readers want metadata `{ format: 'pt' }`. */
export async function writeSafetensors(path: string, tensors: NamedArrays, metadata?: Readonly<Record<string, string>>): Promise<void> {
  await files.writeAtomic(path, encodeSafetensors(tensors, metadata));
}
