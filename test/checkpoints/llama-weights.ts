import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';

export interface LlamaSizes {
  readonly width: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly headWidth?: number;
  readonly tied?: boolean;
  readonly biases?: boolean;
  readonly headNorms?: boolean;
}

export const small: LlamaSizes = { width: 32, hidden: 44, layers: 2, heads: 4, keyHeads: 2, vocabulary: 19, context: 16 };

/** Random tensors under the published names of Llama, Qwen 2 (`biases`) and Qwen 3 (`headNorms`). */
export function llamaTensors(sizes: LlamaSizes): Map<string, HostArray> {
  const { width, hidden, layers, heads, keyHeads, vocabulary, headWidth = width / heads } = sizes;
  const tensors = new Map<string, HostArray>();
  const put = (name: string, ...shape: number[]): void => {
    const count = shape.reduce((a, b) => a * b, 1);
    const key = [...name].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) >>> 0, 7);
    tensors.set(
      name,
      new HostArray(
        Float32Array.from({ length: count }, (_, i) => Math.sin(key + 1.7 * i)),
        shape,
        'float32',
      ),
    );
  };
  put('model.embed_tokens.weight', vocabulary, width);
  for (let i = 0; i < layers; i++) {
    const at = (name: string, ...shape: number[]): void => put(`model.layers.${i}.${name}`, ...shape);
    at('input_layernorm.weight', width);
    at('post_attention_layernorm.weight', width);
    for (const [name, rows] of [
      ['q', heads],
      ['k', keyHeads],
      ['v', keyHeads],
    ] as const) {
      at(`self_attn.${name}_proj.weight`, rows * headWidth, width);
      if (sizes.biases) at(`self_attn.${name}_proj.bias`, rows * headWidth);
      if (sizes.headNorms && name !== 'v') at(`self_attn.${name}_norm.weight`, headWidth);
    }
    at('self_attn.o_proj.weight', width, heads * headWidth);
    at('mlp.gate_proj.weight', hidden, width);
    at('mlp.up_proj.weight', hidden, width);
    at('mlp.down_proj.weight', width, hidden);
  }
  put('model.norm.weight', width);
  if (sizes.tied === false) put('lm_head.weight', vocabulary, width);
  return tensors;
}

export function llamaConfig(sizes: LlamaSizes, modelType = 'llama'): Record<string, unknown> {
  return {
    model_type: modelType,
    hidden_size: sizes.width,
    intermediate_size: sizes.hidden,
    num_hidden_layers: sizes.layers,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.keyHeads,
    head_dim: sizes.headWidth ?? sizes.width / sizes.heads,
    vocab_size: sizes.vocabulary,
    max_position_embeddings: sizes.context,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: sizes.tied ?? true,
  };
}

/** A folder of Hugging Face's layout. */
export async function writeLlama(folder: string, sizes: LlamaSizes, config: Record<string, unknown> = llamaConfig(sizes)): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeSafetensors(join(folder, 'model.safetensors'), llamaTensors(sizes));
}
