// First, so that it counts what the package's modules allocate.
import './allocations.js';

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CheckpointSource,
  convertToGguf,
  encodeGguf,
  encodeSafetensors,
  ggufSource,
  loadFrom,
  loadModel,
  openCheckpoint,
  parseGguf,
  parseSafetensors,
  readGguf,
  readShards,
  saveModel,
  type TensorSource,
  writeSafetensors,
} from '#dist/checkpoints/index.js';
import { HeadlightError, host } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import { takeAllocations } from './allocations.js';
import { joined } from './files.js';
import { halveFolder } from './halves.js';
import { mutant } from './mutants.js';

/** A kind of file, a good one, and what reads it to its end. */
interface Subject {
  readonly name: string;
  readonly good: Uint8Array;
  /** How much of the beginning decides how the rest is read. */
  readonly header: number;
  read(bytes: Uint8Array): Promise<void>;
}

export interface Outcome {
  readonly tried: number;
  readonly refused: number;
  /** The longest the processor worked at one mutant, milliseconds: others may be at work on it too. */
  readonly slowest: number;
  /** The bytes of typed arrays that reading one mutant made, over the mutant's own, small files counting as 4 KiB: the most. */
  readonly mostBytes: number;
}

const allowed = new Set(['file', 'checkpoint', 'unsupported', 'tokenizer']);

/** Loads a model both ways: either both refuse it, or both have the same numbers. */
async function readInPlace(path: string): Promise<void> {
  const outcomes: (Uint8Array[] | HeadlightError)[] = [];
  for (const inPlace of [false, true]) {
    try {
      const model = await loadModel(path, { inPlace });
      outcomes.push(
        [...model.parameters().values()].map(({ value: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
      );
    } catch (error) {
      if (!(error instanceof HeadlightError)) throw error;
      outcomes.push(error);
    }
  }
  const [read, placed] = outcomes;
  if (read instanceof HeadlightError && placed instanceof HeadlightError && placed.message === read.message) throw placed;
  const isSame =
    Array.isArray(read) && Array.isArray(placed) && read.every((bytes, i) => Buffer.compare(bytes, placed[i] as Uint8Array) === 0);
  if (!isSame) throw new Error(`in place: ${placed}; not in place: ${read}`);
}

async function readAll(source: TensorSource | CheckpointSource): Promise<void> {
  try {
    for (const name of source.names) await source.load(name);
    if ('tokenizer' in source) source.tokenizer();
    if ('config' in source && source.config.values.model_type === 'gpt2') await loadFrom(source);
  } finally {
    await source.close();
  }
}

/** Every kind, in `folder`, which the caller removes. */
async function subjects(folder: string): Promise<Subject[]> {
  const tensors = {
    a: host([[1, 2, 3]]),
    b: host([1, 2], { dtype: 'float16' }),
    c: host([4, 5], { dtype: 'int64' }),
    d: host([true, false]),
  };
  const safetensors = joined(encodeSafetensors(tensors, { format: 'pt' }));
  const model = join(folder, 'model');
  await saveModel(model, new GPT2({ vocabulary: 7, context: 4, layers: 1, heads: 2, width: 32 }));
  await writeFile(join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
  await convertToGguf(model, join(folder, 'm.gguf'), { type: 'Q8_0' });
  const gguf = new Uint8Array(await readFile(join(folder, 'm.gguf')));
  const half = join(folder, 'half');
  await halveFolder(model, half, 'F16', (name) => !name.includes('ln_'));
  const values = new Map([['general.architecture', { type: 'string' as const, value: 'none' }]]);
  const plain: Uint8Array[] = [];
  for await (const chunk of encodeGguf(values, [{ name: 'w', shape: [2, 32], type: 'Q4_0', values: () => new Float32Array(64).fill(1) }]))
    plain.push(chunk);
  const shards = join(folder, 'shards');
  await mkdir(shards);
  await writeSafetensors(join(shards, 'x-1.safetensors'), { a: host([1]) });
  await writeSafetensors(join(shards, 'x-2.safetensors'), { b: host([2]) });
  const index = new TextEncoder().encode('{"metadata":{"total_size":8},"weight_map":{"a":"x-1.safetensors","b":"x-2.safetensors"}}');
  const bin = new Uint8Array(28 + 4 * (3 * 4 + 2 * 4 + 2 * 16 + 2 * 8 + 3 * 12 + 4 + 2 * 2));
  new Int32Array(bin.buffer, 0, 7).set([4, 3, 1, 2, 1, 3, 2]);
  const onDisk = async (path: string, bytes: Uint8Array, open: (path: string) => Promise<TensorSource> = openCheckpoint): Promise<void> => {
    await writeFile(path, bytes);
    takeAllocations();
    await readAll(await open(path));
  };
  return [
    { name: 'safetensors', good: safetensors, header: 320, read: async (bytes) => readAll(parseSafetensors(bytes)) },
    { name: 'gguf model', good: gguf, header: 2200, read: async (bytes) => readAll(await ggufSource(await parseGguf(bytes))) },
    { name: 'gguf', good: joined(plain), header: 160, read: async (bytes) => readAll(await parseGguf(bytes)) },
    { name: 'gguf on disk', good: joined(plain), header: 160, read: (bytes) => onDisk(join(folder, 'x.gguf'), bytes, readGguf) },
    { name: 'llama2.c', good: bin, header: 28, read: (bytes) => onDisk(join(folder, 'x.bin'), bytes) },
    {
      name: 'gguf in place',
      good: gguf,
      header: 2200,
      async read(bytes) {
        await writeFile(join(folder, 'p.gguf'), bytes);
        takeAllocations();
        await readInPlace(join(folder, 'p.gguf'));
      },
    },
    {
      name: 'halves in place',
      good: new Uint8Array(await readFile(join(half, 'model.safetensors'))),
      header: 2200,
      async read(bytes) {
        await writeFile(join(half, 'model.safetensors'), bytes);
        takeAllocations();
        await readInPlace(half);
      },
    },
    {
      name: 'index',
      good: index,
      header: index.length,
      async read(bytes) {
        await writeFile(join(shards, 'i.json'), bytes);
        takeAllocations();
        await readAll(await readShards(join(shards, 'i.json'), shards));
      },
    },
  ];
}

const tokenizer = {
  added_tokens: [{ id: 6, content: '<end>', special: true }],
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  model: {
    type: 'BPE',
    vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4, d: 5 },
    merges: [
      ['a', 'b'],
      ['ab', 'c'],
    ],
  },
};

/**
 * Reads `count` damaged files of each kind.
 * @throws Error naming the mutant: for an error that is not ours, of another code or of several lines
 */
export async function readMutants(count: number, seed = 0): Promise<Map<string, Outcome>> {
  const folder = await mkdtemp(join(tmpdir(), 'headlight-mutants-'));
  const outcomes = new Map<string, Outcome>();
  try {
    for (const { name, good, header, read } of await subjects(folder)) {
      await read(good);
      let [refused, slowest, mostBytes] = [0, 0, 0];
      for (let n = 0; n < count; n++) {
        const bytes = mutant(good, header, seed + n);
        const start = process.cpuUsage();
        takeAllocations();
        try {
          await read(bytes);
        } catch (error) {
          refused++;
          if (
            !(error instanceof HeadlightError) ||
            !allowed.has(error.code) ||
            error.message.includes('\n') ||
            error.message.length > 600
          ) {
            throw new Error(`${name}, mutant ${seed + n}: ${String(error)}`, { cause: error });
          }
        }
        const { user, system } = process.cpuUsage(start);
        slowest = Math.max(slowest, (user + system) / 1000);
        mostBytes = Math.max(mostBytes, takeAllocations().total / Math.max(4096, bytes.length));
      }
      outcomes.set(name, { tried: count, refused, slowest, mostBytes });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return outcomes;
}
