import { files } from '#files';
import type { HostArray } from '../../core/index.js';
import { fail } from '../../core/index.js';
import { type Config, readJson } from '../config.js';
import { toOurs } from '../name-map.js';
import { openCheckpoint } from '../open.js';
import { quote } from '../quote.js';
import { toPairs } from '../rotary-rows.js';
import type { CheckpointSource, TokenizerFiles } from '../source.js';
import { transposed } from '../transpose.js';
import { type GgufArchitecture, ggufArchitectureFor, scalingOf, scalingTypeOf, thetaOf } from './architectures.js';
import { flag, type MetadataEntry, text, uint } from './entries.js';
import { changeOf } from './names.js';
import { type Llama3Scaling, llama3Factors } from './rope-factors.js';
import { ropeFactors } from './source.js';
import type { WritableType } from './tensor-types.js';
import { writeTokenizer } from './tokenizer-write.js';
import { fitsBlocks, type GgufEntry, writeGguf } from './write.js';

export interface SaveGgufOptions {
  /** Of the matrices; vectors are F32, and matrices whose rows are not whole blocks of 32 are F16. Default F16. */
  readonly type?: WritableType;
  readonly tokenizer?: TokenizerFiles | undefined;
  /** `general.name`. */
  readonly name?: string;
}

const fileType: Readonly<Record<WritableType, number>> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7 };

/**
 * Writes a checkpoint folder, with its tokenizer, as a GGUF file for llama.cpp and what is built on it.
 *
 * @throws `unsupported` for an architecture or tokenizer that GGUF files are not written for
 */
export async function convertToGguf(from: string, to: string, options: SaveGgufOptions = {}): Promise<void> {
  const source = await openCheckpoint(from);
  try {
    const tokenizer = source.format === 'safetensors' ? await tokenizerFiles(from) : source.tokenizer();
    await saveGguf(to, source, { tokenizer, ...options });
  } finally {
    await source.close();
  }
}

async function tokenizerFiles(folder: string): Promise<TokenizerFiles | undefined> {
  const [path, configPath] = [files.join(folder, 'tokenizer.json'), files.join(folder, 'tokenizer_config.json')];
  if ((await files.stat(path)).kind === 'missing') return undefined;
  const config = (await files.stat(configPath)).kind === 'missing' ? {} : await readJson(configPath);
  return { json: await readJson(path), config };
}

/**
 * Writes an open checkpoint as a GGUF file, one tensor after another; the file is whole or not there.
 *
 * @throws `unsupported` as above; `checkpoint` for a tensor that the architecture's table of names lacks
 */
export async function saveGguf(path: string, source: CheckpointSource, options: SaveGgufOptions = {}): Promise<void> {
  const { type = 'F16', tokenizer, name } = options;
  const { config } = source;
  const architecture = ggufArchitectureFor(config.values.model_type, config.path);
  const metadata: MetadataEntry[] = [
    text('general.architecture', architecture.name),
    ...(name === undefined ? [] : [text('general.name', name)]),
    uint('general.file_type', fileType[type]),
    uint('general.quantization_version', 2),
    ...architecture.writeMetadata(config),
    ...vocabularySize(config, architecture),
    ...(tokenizer === undefined ? [text('tokenizer.ggml.model', 'none'), ...noTokenIds] : writeTokenizer(tokenizer, config.path)),
  ];
  const tied = config.values.tie_word_embeddings ?? architecture.name === 'gpt2';
  const entries: GgufEntry[] = [...scalingTensor(config)];
  for (const hfName of source.names) {
    const target = toOurs(hfName, architecture.names, architecture.optionalPrefix)?.name;
    if (target === 'output.weight' && tied === true) continue;
    if (target === undefined && isBuffer(hfName)) continue;
    if (target === undefined) throw unknownTensor(source, hfName);
    entries.push(entryOf(source, hfName, target, architecture, type));
  }
  await writeGguf(path, new Map(metadata), entries);
}

const noTokenIds: readonly MetadataEntry[] = [flag('tokenizer.ggml.add_bos_token', false)];

function vocabularySize({ values }: Config, { name }: GgufArchitecture): MetadataEntry[] {
  return typeof values.vocab_size === 'number' ? [uint(`${name}.vocab_size`, values.vocab_size)] : [];
}

/** What old files hold beside the parameters: causal masks and rotary frequencies. */
function isBuffer(name: string): boolean {
  return /(?:\.attn\.(?:masked_)?bias|\.rotary_emb\.inv_freq)$/.test(name);
}

function unknownTensor(source: CheckpointSource, name: string): Error {
  return fail('checkpoint', { where: source.path, rule: 'tensors that GGUF has names for', got: quote(name) });
}

function entryOf(source: CheckpointSource, hfName: string, name: string, architecture: GgufArchitecture, type: WritableType): GgufEntry {
  const change = changeOf(name, architecture.names);
  const stored = source.info(hfName).shape;
  const shape = change === 'transposed' ? stored.toReversed() : stored;
  const query = Number(source.config.values.num_attention_heads ?? 1);
  const heads = change === 'pairs of queries' ? query : Number(source.config.values.num_key_value_heads ?? query);
  const changed = (array: HostArray): HostArray => {
    if (change === undefined) return array;
    return change === 'transposed' ? transposed(array) : toPairs(array, heads);
  };
  return {
    name,
    shape,
    // llama.cpp adds positions to embeddings and multiplies by norms in float32 only.
    type: shape.length < 2 || name === 'position_embd.weight' ? 'F32' : fitsBlocks(type, shape.at(-1) ?? 1) ? type : 'F16',
    values: async () => changed(await source.load(hfName)).data as Float32Array,
  };
}

function scalingTensor(config: Config): GgufEntry[] {
  if (scalingTypeOf(config) !== 'llama3') return [];
  const { hidden_size: width, num_attention_heads: heads, head_dim: given } = config.values;
  const headWidth = typeof given === 'number' ? given : Number(width) / Number(heads);
  const scaling = scalingOf(config) as unknown as Llama3Scaling;
  return [{ name: ropeFactors, shape: [headWidth / 2], type: 'F32', values: () => llama3Factors(scaling, thetaOf(config), headWidth) }];
}
