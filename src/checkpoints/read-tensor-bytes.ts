import type { RangeReader } from '../core/files/files.js';
import { fail } from '../core/index.js';
import { quote } from './quote.js';

/**
 * A tensor's bytes, or some of them, from a boundary of 8 bytes in memory.
 * @param into memory to read them into
 * @throws file: more than fits in memory, or fewer than there should be
 */
export async function readTensorBytes(
  reader: RangeReader,
  offset: number,
  bytes: number,
  path: string,
  name: string,
  into?: Uint8Array,
): Promise<Uint8Array> {
  let content: Uint8Array;
  try {
    content = bytes === 0 ? new Uint8Array(0) : await reader.read(offset, bytes, into);
  } catch (error) {
    // A sparse file may claim, truthfully, more than an array can hold.
    if (!(error instanceof RangeError)) throw error;
    throw fail('file', { where: path, rule: `tensor ${quote(name)} fits in memory`, got: `${bytes} bytes`, cause: error });
  }
  if (content.length !== bytes) {
    throw fail('file', { where: path, rule: `the ${bytes} bytes of tensor ${quote(name)}`, got: `${content.length} bytes` });
  }
  // A part of a longer answer may begin anywhere, and typed arrays may not.
  return content.byteOffset % 8 === 0 ? content : content.slice();
}
