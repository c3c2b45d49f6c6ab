import { fail, type HostArray } from '../../core/index.js';
import { type Config, type JsonObject, requireInteger } from '../config.js';
import { toHf, toOurs } from '../name-map.js';
import { quote } from '../quote.js';
import { toHalves } from '../rotary-rows.js';
import type { CheckpointSource } from '../source.js';
import { transposed } from '../transpose.js';
import { type GgufArchitecture, ggufArchitecture } from './architectures.js';
import { plainValues, stringsOf } from './entries.js';
import { type GgufFile, readGguf } from './file.js';
import { type Change, changeOf } from './names.js';
import { llama3ScalingOf } from './rope-factors.js';
import { readTokenizer } from './tokenizer-read.js';

/** Rotary divisors; part of the configuration elsewhere. */
export const ropeFactors = 'rope_freqs.weight';

/**
 * A GGUF file as a checkpoint: Hugging Face's names, layouts and configuration. Values are float32, whatever they were.
 *
 * @throws `file` for a damaged file; `checkpoint` for metadata that do not describe a model; `unsupported` for an
 * architecture that is not known
 */
export async function openGguf(path: string): Promise<CheckpointSource> {
  const file = await readGguf(path);
  try {
    return await ggufSource(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The same of an open file, which the checkpoint closes. */
export async function ggufSource(file: GgufFile): Promise<CheckpointSource> {
  const architecture = ggufArchitecture(file.metadata.get('general.architecture')?.value, file.path);
  const config = await configOf(file, architecture);
  const places = new Map<string, string>();
  for (const name of file.names) {
    // A name that the table does not know stays what it is, so that a report can name it.
    if (name !== ropeFactors) places.set(toHf(name, architecture.names)?.name ?? name, name);
  }
  const placeOf = (name: string): string => places.get(name) ?? toOurs(name, architecture.names, architecture.optionalPrefix)?.name ?? name;
  const heads = headsOf(config);
  return {
    path: file.path,
    format: 'gguf',
    config,
    names: [...places.keys()],
    has: (name) => file.has(placeOf(name)),
    info(name) {
      const { dtype, shape, bytes } = file.info(placeOf(name));
      return { dtype, bytes, shape: changeOf(placeOf(name), architecture.names) === 'transposed' ? shape.toReversed() : shape };
    },
    async load(name) {
      const place = placeOf(name);
      const array = await file.load(place);
      const change = changeOf(place, architecture.names);
      if (change === undefined) return array;
      if (change === 'transposed') return transposed(array);
      return halved(array, change === 'pairs of queries' ? heads.query : heads.key, file.path, place);
    },
    async place(name) {
      const place = placeOf(name);
      const change = changeOf(place, architecture.names);
      if (isReordered(change)) return undefined;
      const found = await file.place(place);
      return found && { ...found, transposed: change === 'transposed' };
    },
    blocks(name, memory) {
      const place = placeOf(name);
      const change = changeOf(place, architecture.names);
      if (isReordered(change)) return undefined;
      return { ...file.blocks(place, memory), transposed: change === 'transposed' };
    },
    close: () => file.close(),
    tokenizer: () => readTokenizer(file.metadata, file.path),
  };
}

/** Rows in another order: such a tensor is read whole. */
function isReordered(change: Change | undefined): boolean {
  return change !== undefined && change !== 'transposed';
}

function headsOf({ values }: Config): { readonly query: number; readonly key: number } {
  const query = Number(values.num_attention_heads ?? 1);
  return { query, key: Number(values.num_key_value_heads ?? query) };
}

function halved(array: HostArray, heads: number, where: string, name: string): HostArray {
  const rows = array.shape[0] ?? 0;
  if (rows % (2 * heads) === 0) return toHalves(array, heads);
  const rule = `tensor ${quote(name)} has an even number of rows for each of ${heads} heads`;
  throw fail('checkpoint', { where, rule, got: `${rows} rows` });
}

async function configOf(file: GgufFile, architecture: GgufArchitecture): Promise<Config> {
  const { path, metadata } = file;
  const values: Config = { path, values: plainValues(metadata) };
  const tokens = stringsOf(metadata, 'tokenizer.ggml.tokens');
  const rows = file.has('token_embd.weight') ? file.info('token_embd.weight').shape[0] : undefined;
  const config: JsonObject = {
    ...architecture.readConfig(values, file.has),
    vocab_size: rows ?? requireInteger(values, `${architecture.name}.vocab_size`, { fallback: tokens?.length ?? 0 }),
    ...tokenIds(values),
    torch_dtype: 'float32',
  };
  return { path, values: { ...config, ...(await scalingFrom(file, config)) } };
}

function tokenIds({ values }: Config): JsonObject {
  const entries: [string, unknown][] = [];
  for (const [key, name] of [
    ['tokenizer.ggml.bos_token_id', 'bos_token_id'],
    ['tokenizer.ggml.eos_token_id', 'eos_token_id'],
  ] as const) {
    if (values[key] !== undefined) entries.push([name, values[key]]);
  }
  // The end of a turn, where it is another token than the end of a text.
  const [end, turn] = [values['tokenizer.ggml.eos_token_id'], values['tokenizer.ggml.eot_token_id']];
  if (turn !== undefined && turn !== end) entries.push(['eos_token_id', end === undefined ? turn : [end, turn]]);
  return Object.fromEntries(entries);
}

async function scalingFrom(file: GgufFile, config: JsonObject): Promise<JsonObject> {
  if (!file.has(ropeFactors)) return {};
  const half = Number(config.head_dim) / 2;
  const { shape } = file.info(ropeFactors);
  if (shape.length !== 1 || shape[0] !== half) {
    throw fail('checkpoint', { where: file.path, rule: `tensor "${ropeFactors}" has shape [${half}]`, got: `[${shape.join(',')}]` });
  }
  const factors = (await file.load(ropeFactors)).data as Float32Array;
  const scaling = llama3ScalingOf(factors, Number(config.rope_theta));
  if (scaling !== undefined) return { rope_scaling: scaling };
  throw fail('unsupported', {
    where: file.path,
    rule: "rotary divisors that are Llama 3.1's",
    got: `others, ${quote([...factors.subarray(0, 4)])}`,
  });
}
