import type { NameRule } from '../name-map.js';

/** How a tensor's numbers differ between the two files, beside its name. */
export type Change = 'pairs of queries' | 'pairs of keys' | 'transposed';

/** A line of a table: Hugging Face's name under `hf`, GGUF's under `ours`. */
export interface GgufRule extends NameRule {
  readonly change?: Change;
}

const rule = (hf: string, ours: string, change?: Change): GgufRule => (change === undefined ? { hf, ours } : { hf, ours, change });

const edges: readonly GgufRule[] = [
  rule('model.embed_tokens.weight', 'token_embd.weight'),
  rule('model.norm.weight', 'output_norm.weight'),
  rule('lm_head.weight', 'output.weight'),
];

const layer = (hf: string, gguf: string, change?: Change): GgufRule => rule(`model.layers.{i}.${hf}`, `blk.{i}.${gguf}`, change);

const block: readonly GgufRule[] = [
  layer('input_layernorm.weight', 'attn_norm.weight'),
  layer('self_attn.v_proj.weight', 'attn_v.weight'),
  layer('self_attn.o_proj.weight', 'attn_output.weight'),
  layer('post_attention_layernorm.weight', 'ffn_norm.weight'),
  layer('mlp.gate_proj.weight', 'ffn_gate.weight'),
  layer('mlp.up_proj.weight', 'ffn_up.weight'),
  layer('mlp.down_proj.weight', 'ffn_down.weight'),
];

/** `llama` holds queries and keys with rotary pairs side by side. */
export const llamaGgufNames: readonly GgufRule[] = [
  ...edges,
  ...block,
  layer('self_attn.q_proj.weight', 'attn_q.weight', 'pairs of queries'),
  layer('self_attn.k_proj.weight', 'attn_k.weight', 'pairs of keys'),
];

export const qwen2GgufNames: readonly GgufRule[] = [
  ...edges,
  ...block,
  layer('self_attn.q_proj.weight', 'attn_q.weight'),
  layer('self_attn.k_proj.weight', 'attn_k.weight'),
  layer('self_attn.q_proj.bias', 'attn_q.bias'),
  layer('self_attn.k_proj.bias', 'attn_k.bias'),
  layer('self_attn.v_proj.bias', 'attn_v.bias'),
];

export const qwen3GgufNames: readonly GgufRule[] = [
  ...edges,
  ...block,
  layer('self_attn.q_proj.weight', 'attn_q.weight'),
  layer('self_attn.k_proj.weight', 'attn_k.weight'),
  layer('self_attn.q_norm.weight', 'attn_q_norm.weight'),
  layer('self_attn.k_norm.weight', 'attn_k_norm.weight'),
];

const both = (hf: string, gguf: string): readonly GgufRule[] => [
  rule(`transformer.h.{i}.${hf}.weight`, `blk.{i}.${gguf}.weight`),
  rule(`transformer.h.{i}.${hf}.bias`, `blk.{i}.${gguf}.bias`),
];
/** GPT-2's published layers store their matrices transposed. */
const turned = (hf: string, gguf: string): readonly GgufRule[] => [
  rule(`transformer.h.{i}.${hf}.weight`, `blk.{i}.${gguf}.weight`, 'transposed'),
  rule(`transformer.h.{i}.${hf}.bias`, `blk.{i}.${gguf}.bias`),
];

export const gpt2GgufNames: readonly GgufRule[] = [
  rule('transformer.wte.weight', 'token_embd.weight'),
  rule('transformer.wpe.weight', 'position_embd.weight'),
  ...both('ln_1', 'attn_norm'),
  ...turned('attn.c_attn', 'attn_qkv'),
  ...turned('attn.c_proj', 'attn_output'),
  ...both('ln_2', 'ffn_norm'),
  ...turned('mlp.c_fc', 'ffn_up'),
  ...turned('mlp.c_proj', 'ffn_down'),
  rule('transformer.ln_f.weight', 'output_norm.weight'),
  rule('transformer.ln_f.bias', 'output_norm.bias'),
  rule('lm_head.weight', 'output.weight'),
];

/** The rule that a name stands in, found by what the map translates it to. */
export function changeOf(ggufName: string, rules: readonly GgufRule[]): Change | undefined {
  const general = ggufName.replace(/^blk\.\d+\./, 'blk.{i}.');
  return rules.find((r) => r.ours === general)?.change;
}
