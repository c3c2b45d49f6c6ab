import { files } from '#files';
import type { RangeReader } from '../core/files/files.js';
import { fail, type HeadlightError, HostArray, nearest } from '../core/index.js';
import { quote } from './quote.js';
import { readTensorBytes } from './read-tensor-bytes.js';
import { toHalves } from './rotary-rows.js';
import type { CheckpointSource } from './source.js';

/** The seven int32 at the file's beginning. */
interface Sizes {
  readonly width: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly vocabulary: number;
  readonly context: number;
  /** Whether the classifier is the token embedding; the file says so by the sign of the vocabulary. */
  readonly shared: boolean;
}

interface Place {
  readonly shape: readonly number[];
  readonly offset: number;
  /** Heads whose rotary pairs lie side by side and must be parted. */
  readonly paired?: number;
}

const headerBytes = 28;
/** Versions 1 and 2 begin with "ak42". */
const laterMagic = 0x616b3432;

function broken(where: string, rule: string, got: string): HeadlightError {
  return fail('file', { where, rule, got, fix: "The file is damaged or is not a legacy .bin of llama2.c's: fetch or export it again" });
}

/**
 * Opens a model of llama2.c in its legacy format (version 0): width, hidden width, layers, heads, key heads, vocabulary and
 * context as int32, then float32: every tensor of all layers together, the tables of rotary cosines and sines, and the
 * classifier where it is not the embedding. Given as a Llama under Hugging Face's names and in its layouts.
 *
 * @throws `file` for sizes that cannot be or do not give the file's length; `unsupported` for later versions
 */
export async function openLlama2c(path: string): Promise<CheckpointSource> {
  const reader = await files.openRange(path);
  try {
    const sizes = readSizes(await reader.read(0, Math.min(headerBytes, reader.bytes)), path);
    const { places, bytes } = placesOf(sizes);
    if (bytes !== reader.bytes) throw broken(path, `${bytes} bytes, which the header's sizes give`, `${reader.bytes}`);
    return sourceOf(path, sizes, places, reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function readSizes(bytes: Uint8Array, where: string): Sizes {
  if (bytes.length < headerBytes) throw broken(where, `at least ${headerBytes} bytes`, String(bytes.length));
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const [width, hidden, layers, heads, keyHeads, signed, context] = Array.from({ length: 7 }, (_, i) => view.getInt32(4 * i, true)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (width === laterMagic) {
    const rule = 'the legacy format, version 0';
    throw fail('unsupported', { where, rule, got: `version ${hidden}`, fix: 'Export it as version 0, or as a Hugging Face folder' });
  }
  const vocabulary = Math.abs(signed);
  const all = { width, hidden, layers, heads, keyHeads, vocabulary, context };
  for (const [name, size] of Object.entries(all)) {
    if (size < 1 || size > 2 ** 24) throw broken(where, `a header of sizes from 1 to ${2 ** 24}`, `${name} ${size}`);
  }
  if (layers > 1000) throw broken(where, 'at most 1000 layers', String(layers));
  if (width % (2 * heads) !== 0 || heads % keyHeads !== 0) {
    throw broken(where, 'a width of an even number for each head, and heads for each key head', `${width}, ${heads}, ${keyHeads}`);
  }
  return { ...all, shared: signed > 0 };
}

/** Where each tensor lies: the file goes through the layers once for every kind of tensor. */
function placesOf({ width, hidden, layers, heads, keyHeads, vocabulary, context, shared }: Sizes): {
  readonly places: Map<string, Place>;
  readonly bytes: number;
} {
  const keyWidth = (width / heads) * keyHeads;
  const places = new Map<string, Place>();
  let offset = headerBytes;
  const put = (name: string, shape: readonly number[], paired?: number): void => {
    places.set(name, { shape, offset, ...(paired === undefined ? {} : { paired }) });
    offset += 4 * shape.reduce((a, b) => a * b, 1);
  };
  const layered = (name: string, shape: readonly number[], paired?: number): void => {
    for (let i = 0; i < layers; i++) put(`model.layers.${i}.${name}.weight`, shape, paired);
  };
  put('model.embed_tokens.weight', [vocabulary, width]);
  layered('input_layernorm', [width]);
  layered('self_attn.q_proj', [width, width], heads);
  layered('self_attn.k_proj', [keyWidth, width], keyHeads);
  layered('self_attn.v_proj', [keyWidth, width]);
  layered('self_attn.o_proj', [width, width]);
  layered('post_attention_layernorm', [width]);
  layered('mlp.gate_proj', [hidden, width]);
  layered('mlp.down_proj', [width, hidden]);
  layered('mlp.up_proj', [hidden, width]);
  put('model.norm.weight', [width]);
  offset += 4 * context * (width / heads); // cosines and sines, half a head each
  if (!shared) put('lm_head.weight', [vocabulary, width]);
  return { places, bytes: offset };
}

function sourceOf(path: string, sizes: Sizes, places: ReadonlyMap<string, Place>, reader: RangeReader): CheckpointSource {
  let closed = false;
  const placeOf = (name: string): Place => {
    const place = places.get(name);
    if (place !== undefined) return place;
    const near = nearest(name, places.keys()).map(quote);
    throw fail('name', { where: path, rule: 'a tensor of the file', got: quote(name), fix: `Nearest: ${near.join(', ') || 'none'}` });
  };
  const bytesOf = ({ shape }: Place): number => 4 * shape.reduce((a, b) => a * b, 1);
  return {
    path,
    format: 'llama2.c',
    config: { path, values: configOf(sizes) },
    names: [...places.keys()],
    has: (name) => places.has(name),
    info(name) {
      const place = placeOf(name);
      return { dtype: 'F32', shape: place.shape, bytes: bytesOf(place) };
    },
    async load(name) {
      const place = placeOf(name);
      if (closed) throw fail('disposed', { where: path, rule: 'an open file', got: 'a closed one', fix: 'Load before close()' });
      const bytes = await readTensorBytes(reader, place.offset, bytesOf(place), path, name);
      const array = new HostArray(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), place.shape, 'float32');
      return place.paired === undefined ? array : toHalves(array, place.paired);
    },
    async close() {
      if (closed) return;
      closed = true;
      await reader.close();
    },
    // llama2.c keeps it in a file of its own, tokenizer.bin, of which there is one for many models.
    tokenizer: () => undefined,
  };
}

/** What the header says, and what llama2.c takes for granted. */
function configOf({ width, hidden, layers, heads, keyHeads, vocabulary, context, shared }: Sizes): Readonly<Record<string, unknown>> {
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: width,
    intermediate_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim: width / heads,
    vocab_size: vocabulary,
    max_position_embeddings: context,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: shared,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'float32',
  };
}
