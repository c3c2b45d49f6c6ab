import { llamaNames } from './llama-names.js';

/** Hugging Face's names of Gemma's parameters: Llama's, without a head of its own. */
export const gemmaNames = llamaNames.filter(({ hf }) => hf !== 'lm_head.weight');

const block = 'model.layers.{i}';

/** Gemma 2's: `post_attention_layernorm` means what it says, the norm after attention, which in Gemma 1 is the MLP's own. */
export const gemma2Names = [
  { hf: `${block}.post_attention_layernorm.weight`, ours: 'blocks.{i}.attentionNorm.weight' },
  { hf: `${block}.pre_feedforward_layernorm.weight`, ours: 'blocks.{i}.norm2.weight' },
  { hf: `${block}.post_feedforward_layernorm.weight`, ours: 'blocks.{i}.mlpNorm.weight' },
  ...gemmaNames.filter(({ hf }) => hf !== `${block}.post_attention_layernorm.weight`),
];
