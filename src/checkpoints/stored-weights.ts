import { files } from '#files';
import type { ScratchFile } from '../core/files/files.js';
import { HeadlightError, HostArray } from '../core/index.js';
import type { Parameter, StoredValues } from '../ops/index.js';
import { BlockMemory, type FloatBlocks } from './float-blocks.js';
import type { Assignment } from './match.js';
import type { CheckpointSource, TensorPlace } from './source.js';
import { transposed } from './transpose.js';
import { type Assigned, asWeights, readWeights } from './weights.js';

/**
 * Leaves weights in files: all of them in the checkpoint's own where it has them as they are read, float32; else all in a
 * file of this process, halves and quantised blocks widened block by block, so that they are not in memory. (The engine
 * reads files of one folder.) Where the disk has no room for that, they are in memory after all.
 */
export async function storeWeights(source: CheckpointSource, assigned: readonly Assigned[]): Promise<void> {
  const stored = (await placed(source, assigned)) ?? (await widened(source, assigned));
  if (stored === undefined) return readWeights(source, assigned);
  for (const [parameter, values] of stored) parameter.store(values);
}

/** All weights where they lie; `undefined` where one is not to be read so. */
async function placed(source: CheckpointSource, assigned: readonly Assigned[]): Promise<Map<Parameter, StoredValues> | undefined> {
  const stored = new Map<Parameter, StoredValues>();
  for (const [parameter, assignment] of assigned) {
    const place = await source.place?.(assignment.hfName);
    if (place === undefined) return undefined;
    stored.set(parameter, storedValues(place, parameter.shape, assignment));
  }
  return stored;
}

/** All weights in a file of this process, behind one another as the model has them; `undefined` where there is no room. */
async function widened(source: CheckpointSource, assigned: readonly Assigned[]): Promise<Map<Parameter, StoredValues> | undefined> {
  const folder = files.cacheFolder();
  const sizes = new Map(assigned.map(([{ shape }, { hfName }]) => [hfName, 4 * shape.reduce((a, b) => a * b, 1)]));
  const bytes = [...sizes.values()].reduce((a, b) => a + b, 0);
  const file = folder === undefined ? undefined : await unlessDisk(files.scratch(folder, bytes));
  if (file === undefined) return undefined;
  const memory = new BlockMemory();
  const places = new Map<string, TensorPlace>();
  const stored = new Map<Parameter, StoredValues>();
  try {
    for (const [parameter, assignment] of assigned) {
      const { hfName } = assignment;
      const place = places.get(hfName) ?? (await written(file, floatsOf(source, hfName, memory)));
      if (place === undefined) return undefined;
      places.set(hfName, place);
      stored.set(parameter, storedValues(place, parameter.shape, assignment));
    }
  } finally {
    if (stored.size < assigned.length) file.discard();
  }
  return stored;
}

/** A tensor's values, block by block where its file can give them so. */
function floatsOf(source: CheckpointSource, name: string, memory: BlockMemory): FloatBlocks {
  const whole = async function* (): AsyncGenerator<Float32Array> {
    yield asWeights(await source.load(name), source, name).data as Float32Array;
  };
  return source.blocks?.(name, memory) ?? { transposed: false, blocks: whole() };
}

/** Where a tensor was written, each block while the next is read; `undefined` where there was no room. */
async function written(file: ScratchFile, { blocks, transposed }: FloatBlocks): Promise<TensorPlace | undefined> {
  let first: Promise<number | undefined> | undefined;
  let last: Promise<number | undefined> = Promise.resolve(0);
  try {
    for await (const { buffer, byteOffset, byteLength } of blocks) {
      if ((await last) === undefined) return undefined;
      last = unlessDisk(file.write(new Uint8Array(buffer, byteOffset, byteLength)));
      // A failure is met at the next block, or at the end; until then it must not count as unhandled.
      last.catch(() => {});
      first ??= last;
    }
  } finally {
    // Nobody may let go of the file under a write.
    await last.catch(() => {});
  }
  return (await last) === undefined ? undefined : { file, offset: (await first) ?? 0, transposed };
}

/** A place that cannot be written is no fault of the checkpoint. */
async function unlessDisk<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HeadlightError && (error.code === 'storage' || error.code === 'file')) return undefined;
    throw error;
  }
}

/** What a place holds, as a parameter of a shape has it. */
function storedValues(place: TensorPlace, shape: readonly number[], { transpose }: Assignment): StoredValues {
  const isTurned = place.transposed !== transpose;
  const read = (): HostArray => {
    const data = new Float32Array(place.file.read(place.offset, 4 * shape.reduce((a, b) => a * b, 1)).buffer);
    return isTurned ? transposed(new HostArray(data, shape.toReversed(), 'float32')) : new HostArray(data, shape, 'float32');
  };
  return { file: place.file, offset: place.offset, transposed: isTurned, read };
}
