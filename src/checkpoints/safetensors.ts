import { files } from '#files';
import type { PlacedFile, RangeReader } from '../core/files/files.js';
import { fail, type HostArray, nearest } from '../core/index.js';
import { type BlockMemory, type FloatBlocks, readFloats } from './float-blocks.js';
import { floatForms } from './float-form.js';
import { quote } from './quote.js';
import { readTensorBytes } from './read-tensor-bytes.js';
import { parseHeader, readHeaderLength, type SafetensorsHeader, type TensorInfo } from './safetensors-header.js';
import type { TensorPlace } from './source.js';
import { asStored, widen } from './stored-type.js';

/** An open file of named arrays, of which parts are read when asked for. */
export interface SafetensorsFile {
  /** The path, or what the bytes were called; stands in errors. */
  readonly path: string;
  /** In the order in which they lie in the file. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** @throws `name` for a tensor that is not there */
  info(name: string): TensorInfo;
  /** Reads one tensor: F16 and BF16 as float32, I64 as int32 (`checkpoint` where a value does not fit), the others as they are. */
  load(name: string): Promise<HostArray>;
  /** Where a float32 tensor lies in a file on a disk, as programs can read it; `undefined` for others, and for bytes in memory. */
  place(name: string): Promise<TensorPlace | undefined>;
  /** A tensor of F32, F16 or BF16 as float32, block by block; `undefined` for others. */
  blocks(name: string, memory: BlockMemory): FloatBlocks | undefined;
  /** Reads one tensor in the dtype it is stored in (BF16, which no host array holds, as float32). */
  loadRaw(name: string): Promise<HostArray>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a safetensors file: reads and checks its header only; tensors by ranged reads, of files of any size.
 *
 * @throws `file` for a file that is missing, truncated, or not what it claims to be
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const reader = await files.openRange(path);
  try {
    const length = readHeaderLength(await reader.read(0, Math.min(8, reader.bytes)), reader.bytes, path);
    const header = parseHeader(await reader.read(8, length), reader.bytes - 8 - length, path);
    return openFile(path, header, 8 + length, reader, () => files.place(path));
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The same over bytes in memory; what it loads are copies. */
export function parseSafetensors(bytes: Uint8Array, path = 'safetensors bytes'): SafetensorsFile {
  const length = readHeaderLength(bytes.subarray(0, 8), bytes.length, path);
  const header = parseHeader(bytes.subarray(8, 8 + length), bytes.length - 8 - length, path);
  return openFile(path, header, 8 + length, {
    bytes: bytes.length,
    read: async (offset, count) => bytes.slice(offset, offset + count),
    close: async () => {},
  });
}

function openFile(
  path: string,
  header: SafetensorsHeader,
  dataStart: number,
  reader: RangeReader,
  place: () => Promise<PlacedFile | undefined> = async () => undefined,
): SafetensorsFile {
  let placed: ReturnType<typeof place> | undefined;
  let closed = false;
  const info = (name: string): TensorInfo => {
    const found = header.tensors.get(name);
    if (found === undefined) {
      const near = nearest(name, header.tensors.keys()).map(quote);
      throw fail('name', { where: path, rule: 'a tensor of the file', got: quote(name), fix: `Nearest: ${near.join(', ') || 'none'}` });
    }
    return found;
  };
  const openInfo = (name: string): TensorInfo => {
    if (closed) throw fail('disposed', { where: path, rule: 'an open file', got: 'a closed one', fix: 'Load before close()' });
    return info(name);
  };
  const loadRaw = async (name: string): Promise<HostArray> => {
    const { dtype, shape, bytes, offset } = openInfo(name);
    const content = await readTensorBytes(reader, dataStart + offset, bytes, path, name);
    return asStored(content, dtype, shape, path, quote(name));
  };
  return {
    path,
    names: [...header.tensors.keys()],
    metadata: header.metadata,
    has: (name) => header.tensors.has(name),
    info,
    loadRaw,
    async place(name) {
      const { dtype, offset } = info(name);
      // Numbers of 4 bytes are read from boundaries of 4 bytes.
      if (dtype !== 'F32' || (dataStart + offset) % 4 !== 0) return undefined;
      placed ??= place();
      const file = await placed;
      return file && { file, offset: dataStart + offset, transposed: false };
    },
    blocks(name, memory) {
      const { dtype, bytes, offset } = openInfo(name);
      const form = floatForms.get(dtype);
      if (form === undefined) return undefined;
      return { transposed: false, blocks: readFloats(reader, { offset: dataStart + offset, bytes, path, name }, form, memory) };
    },
    load: async (name) => widen(await loadRaw(name), path, quote(name)),
    close: async () => {
      if (closed) return;
      closed = true;
      await reader.close();
    },
  };
}
