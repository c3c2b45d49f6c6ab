import { files } from '#files';
import type { RangeReader } from '../../core/files/files.js';
import { fail, HostArray, nearest } from '../../core/index.js';
import { bfloat16ToFloat32, float16ToFloat32 } from '../float16.js';
import { quote } from '../quote.js';
import { readTensorBytes } from '../read-tensor-bytes.js';
import type { TensorSource } from '../source.js';
import { fromQ4, fromQ8 } from './blocks.js';
import { Cursor, NeedsMore } from './cursor.js';
import { type GgufHeader, type GgufTensor, parseGgufHeader } from './header.js';
import { kBlocks } from './k-blocks.js';
import { levelBlocks } from './level-blocks.js';
import { readBlocks } from './number-block.js';
import type { GgufMetadata } from './values.js';

/** An open GGUF file under its own names; `load` gives float32. */
export interface GgufFile extends TensorSource {
  readonly version: number;
  readonly metadata: GgufMetadata;
  info(name: string): GgufTensor;
}

/** What is read first; a vocabulary of 128,000 tokens with its merges takes 8 MB. */
const firstBytes = 2 ** 20;
/** Far beyond any vocabulary. */
const mostHeaderBytes = 2 ** 29;

/**
 * Opens a GGUF file (llama.cpp's format, version 2 or 3): its header only; tensors by ranged reads.
 *
 * @throws `file` for a file that is missing, truncated, or not what it claims to be
 */
export async function readGguf(path: string): Promise<GgufFile> {
  const reader = await files.openRange(path);
  try {
    return openFile(path, await readHeader(reader, path), reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The same over bytes in memory. */
export async function parseGguf(bytes: Uint8Array, path = 'GGUF bytes'): Promise<GgufFile> {
  const header = parseGgufHeader(new Cursor(bytes, bytes.length, path));
  return openFile(path, header, {
    bytes: bytes.length,
    read: async (offset, count) => bytes.slice(offset, offset + count),
    close: async () => {},
  });
}

/** The header's length stands nowhere: more of the file is read until it parses. */
async function readHeader(reader: RangeReader, path: string): Promise<GgufHeader> {
  for (let length = firstBytes; ; length *= 4) {
    const bytes = await reader.read(0, Math.min(length, reader.bytes, mostHeaderBytes));
    try {
      return parseGgufHeader(new Cursor(bytes, reader.bytes, path));
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      if (length < mostHeaderBytes) continue;
      throw fail('file', { where: path, rule: `a header of at most ${mostHeaderBytes} bytes`, got: 'a longer one', cause: error });
    }
  }
}

const decoders: Readonly<Record<string, (bytes: Uint8Array) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
  F16: (bytes) => float16ToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)),
  BF16: (bytes) => bfloat16ToFloat32(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)),
  Q8_0: fromQ8,
  Q4_0: fromQ4,
  ...Object.fromEntries(
    Object.entries({ ...levelBlocks, ...kBlocks }).map(([name, block]) => [name, (bytes: Uint8Array) => readBlocks(bytes, block)]),
  ),
};

function openFile(path: string, { version, metadata, tensors }: GgufHeader, reader: RangeReader): GgufFile {
  let closed = false;
  const info = (name: string): GgufTensor => {
    const found = tensors.get(name);
    if (found !== undefined) return found;
    const near = nearest(name, tensors.keys()).map(quote);
    throw fail('name', { where: path, rule: 'a tensor of the file', got: quote(name), fix: `Nearest: ${near.join(', ') || 'none'}` });
  };
  return {
    path,
    version,
    metadata,
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    info,
    async load(name) {
      const { dtype, shape, bytes, offset } = info(name);
      if (closed) throw fail('disposed', { where: path, rule: 'an open file', got: 'a closed one', fix: 'Load before close()' });
      const decode = Object.hasOwn(decoders, dtype) ? decoders[dtype] : undefined;
      if (decode === undefined) {
        throw fail('unsupported', {
          where: path,
          rule: `tensor ${quote(name)} is of a type among ${Object.keys(decoders).join(', ')}`,
          got: dtype,
          fix: 'Fetch the model in one of these types',
        });
      }
      return new HostArray(decode(await readTensorBytes(reader, offset, bytes, path, name)), shape, 'float32');
    },
    async close() {
      if (closed) return;
      closed = true;
      await reader.close();
    },
  };
}
