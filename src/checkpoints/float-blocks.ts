import type { RangeReader } from '../core/files/files.js';
import type { FloatForm } from './float-form.js';
import { readTensorBytes } from './read-tensor-bytes.js';

/** Bytes that are read at a time: what is read, and what it becomes, stay in the processor's cache. */
const blockBytes = 2 ** 19;

/** A tensor's values, float32, in the order in which they lie. */
export interface FloatBlocks {
  /** Whether that is the order of its transpose's rows. */
  readonly transposed: boolean;
  /** Each holds until the next but one is asked for, so that it can be written while the next is read. */
  readonly blocks: AsyncIterable<Float32Array>;
}

/** Memory that blocks are read into, and that of the numbers of two of them: for many tensors, one after another. */
export class BlockMemory {
  #from = new Uint8Array(0);
  #out = new Float32Array(0);
  #other = new Float32Array(0);

  from(bytes: number): Uint8Array {
    if (this.#from.length < bytes) this.#from = new Uint8Array(bytes);
    return this.#from.subarray(0, bytes);
  }

  /** Room for a block's numbers; that of the block before stays as it is. */
  out(elements: number): Float32Array {
    [this.#out, this.#other] = [this.#other, this.#out];
    if (this.#out.length < elements) this.#out = new Float32Array(elements);
    return this.#out.subarray(0, elements);
  }
}

/** Where a tensor lies, and what may be said of it in errors. */
export interface TensorBytes {
  readonly offset: number;
  readonly bytes: number;
  readonly path: string;
  readonly name: string;
}

/** A tensor's values as they are read: as much is in memory at a time as a block takes. */
export async function* readFloats(
  reader: RangeReader,
  { offset, bytes, path, name }: TensorBytes,
  { elements, bytes: group, read }: FloatForm,
  memory: BlockMemory,
): AsyncGenerator<Float32Array> {
  const most = Math.floor(blockBytes / group) * group;
  for (let done = 0; done < bytes; done += most) {
    const count = Math.min(most, bytes - done);
    const part = await readTensorBytes(reader, offset + done, count, path, name, memory.from(count));
    const out = memory.out((count / group) * elements);
    read(part, out);
    yield out;
  }
}
