/**
 * Hugging Face's names of the Llama family's parameters (`LlamaForCausalLM`; Mistral's, Qwen2's and Qwen3's are the same,
 * with biases and norms per head where the model has them). PyTorch's linear layers are [out,in], ours [in,out].
 */
export const llamaNames = [
  { hf: 'model.embed_tokens.weight', ours: 'tokens.weight' },
  { hf: 'model.layers.{i}.input_layernorm.weight', ours: 'blocks.{i}.norm1.weight' },
  ...(['q', 'k', 'v', 'o'] as const).flatMap((letter) => {
    const ours = `blocks.{i}.attention.${{ q: 'query', k: 'key', v: 'value', o: 'output' }[letter]}`;
    return linear(`model.layers.{i}.self_attn.${letter}_proj`, ours);
  }),
  { hf: 'model.layers.{i}.self_attn.q_norm.weight', ours: 'blocks.{i}.attention.queryNorm.weight' },
  { hf: 'model.layers.{i}.self_attn.k_norm.weight', ours: 'blocks.{i}.attention.keyNorm.weight' },
  { hf: 'model.layers.{i}.post_attention_layernorm.weight', ours: 'blocks.{i}.norm2.weight' },
  ...['gate', 'up', 'down'].flatMap((name) => linear(`model.layers.{i}.mlp.${name}_proj`, `blocks.{i}.mlp.${name}`)),
  { hf: 'model.norm.weight', ours: 'norm.weight' },
  { hf: 'lm_head.weight', ours: 'head.weight' },
];

/** Files of the bare model leave this out; both ways are read. */
export const llamaPrefix = 'model.';

/** Frequencies that older files carry as buffers; they follow from the config. */
export const llamaBuffers = ['*rotary_emb.inv_freq'];

function linear(hf: string, ours: string): { hf: string; ours: string; transpose?: boolean }[] {
  return [
    { hf: `${hf}.weight`, ours: `${ours}.weight`, transpose: true },
    { hf: `${hf}.bias`, ours: `${ours}.bias` },
  ];
}
