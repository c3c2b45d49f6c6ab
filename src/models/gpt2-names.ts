/** Hugging Face's names of GPT-2's parameters (`GPT2LMHeadModel`). Its `Conv1D` keeps weights as [in,out], as we do: nothing is transposed. */
export const gpt2Names = [
  { hf: 'transformer.wte.weight', ours: 'tokens.weight' },
  { hf: 'transformer.wpe.weight', ours: 'positions.weight' },
  { hf: 'transformer.h.{i}.ln_1.{p}', ours: 'blocks.{i}.norm1.{p}' },
  { hf: 'transformer.h.{i}.attn.c_attn.{p}', ours: 'blocks.{i}.attention.qkv.{p}' },
  { hf: 'transformer.h.{i}.attn.c_proj.{p}', ours: 'blocks.{i}.attention.output.{p}' },
  { hf: 'transformer.h.{i}.ln_2.{p}', ours: 'blocks.{i}.norm2.{p}' },
  { hf: 'transformer.h.{i}.mlp.c_fc.{p}', ours: 'blocks.{i}.mlp.up.{p}' },
  { hf: 'transformer.h.{i}.mlp.c_proj.{p}', ours: 'blocks.{i}.mlp.down.{p}' },
  { hf: 'transformer.ln_f.{p}', ours: 'norm.{p}' },
  { hf: 'lm_head.weight', ours: 'head.weight' },
].flatMap((rule) =>
  rule.hf.endsWith('{p}') ? ['weight', 'bias'].map((p) => ({ hf: rule.hf.replace('{p}', p), ours: rule.ours.replace('{p}', p) })) : [rule],
);

/** Files of the bare model leave this out; both ways are read. */
export const gpt2Prefix = 'transformer.';

/** Buffers of causal masks that older files carry. */
export const gpt2Buffers = ['*h.*.attn.bias', '*h.*.attn.masked_bias'];
