import { files } from '#files';
import type { PlacedFile, RangeReader } from '../../core/files/files.js';
import { fail, HostArray, nearest } from '../../core/index.js';
import { type BlockMemory, type FloatBlocks, readFloats } from '../float-blocks.js';
import { type FloatForm, floatForms } from '../float-form.js';
import { quote } from '../quote.js';
import { readTensorBytes } from '../read-tensor-bytes.js';
import type { TensorPlace, TensorSource } from '../source.js';
import { blockSize, fromQ4, fromQ8 } from './blocks.js';
import { Cursor, NeedsMore } from './cursor.js';
import { type GgufHeader, type GgufTensor, parseGgufHeader } from './header.js';
import { kBlocks } from './k-blocks.js';
import { levelBlocks } from './level-blocks.js';
import { formOfBlocks } from './number-block.js';
import type { GgufMetadata } from './values.js';

/** An open GGUF file under its own names; `load` gives float32. */
export interface GgufFile extends TensorSource {
  readonly version: number;
  readonly metadata: GgufMetadata;
  info(name: string): GgufTensor;
  place(name: string): Promise<TensorPlace | undefined>;
  blocks(name: string, memory: BlockMemory): FloatBlocks;
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
    return openFile(path, await readHeader(reader, path), reader, () => files.place(path));
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

const forms: ReadonlyMap<string, FloatForm> = new Map([
  ...floatForms,
  ['Q8_0', { elements: blockSize, bytes: 34, read: fromQ8 }],
  ['Q4_0', { elements: blockSize, bytes: 18, read: fromQ4 }],
  ...Object.entries({ ...levelBlocks, ...kBlocks }).map(([name, block]) => [name, formOfBlocks(block)] as const),
]);

function openFile(
  path: string,
  { version, metadata, tensors }: GgufHeader,
  reader: RangeReader,
  place: () => Promise<PlacedFile | undefined> = async () => undefined,
): GgufFile {
  let placed: ReturnType<typeof place> | undefined;
  let closed = false;
  const info = (name: string): GgufTensor => {
    const found = tensors.get(name);
    if (found !== undefined) return found;
    const near = nearest(name, tensors.keys()).map(quote);
    throw fail('name', { where: path, rule: 'a tensor of the file', got: quote(name), fix: `Nearest: ${near.join(', ') || 'none'}` });
  };
  const formOf = (name: string): FloatForm => {
    const { dtype } = info(name);
    if (closed) throw fail('disposed', { where: path, rule: 'an open file', got: 'a closed one', fix: 'Load before close()' });
    const form = forms.get(dtype);
    if (form !== undefined) return form;
    throw fail('unsupported', {
      where: path,
      rule: `tensor ${quote(name)} is of a type among ${[...forms.keys()].join(', ')}`,
      got: dtype,
      fix: 'Fetch the model in one of these types',
    });
  };
  return {
    path,
    version,
    metadata,
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    info,
    async load(name) {
      const form = formOf(name);
      const { dtype, shape, bytes, offset } = info(name);
      const content = await readTensorBytes(reader, offset, bytes, path, name);
      if (dtype === 'F32') return new HostArray(new Float32Array(content.buffer, content.byteOffset, bytes / 4), shape, 'float32');
      const out = new Float32Array((bytes / form.bytes) * form.elements);
      form.read(content, out);
      return new HostArray(out, shape, 'float32');
    },
    async place(name) {
      const { dtype, offset } = info(name);
      if (dtype !== 'F32' || offset % 4 !== 0) return undefined;
      placed ??= place();
      const file = await placed;
      return file && { file, offset, transposed: false };
    },
    blocks(name, memory) {
      const form = formOf(name);
      const { bytes, offset } = info(name);
      return { transposed: false, blocks: readFloats(reader, { offset, bytes, path, name }, form, memory) };
    },
    async close() {
      if (closed) return;
      closed = true;
      await reader.close();
    },
  };
}
