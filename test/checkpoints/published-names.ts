/** Names and shapes of published files, from the layouts of their classes and the sizes of their configs. */
export type Listing = Generator<[name: string, shape: number[]]>;

export function* linear(name: string, inputs: number, outputs: number, bias = true): Listing {
  yield [`${name}.weight`, [outputs, inputs]];
  if (bias) yield [`${name}.bias`, [outputs]];
}

function* norm(name: string, width: number, [weight, bias] = ['weight', 'bias']): Listing {
  yield [`${name}.${weight}`, [width]];
  yield [`${name}.${bias}`, [width]];
}

interface BertSizes {
  readonly prefix: string;
  readonly vocabulary: number;
  readonly positions: number;
  readonly types: number;
  readonly layers: number;
  readonly width: number;
  readonly hidden: number;
  /** How norms are spelled: the first published files say gamma and beta. */
  readonly spelling?: [string, string];
}

/** Body and pooler of BERT and RoBERTa. */
export function* bertBody({ prefix, vocabulary, positions, types, layers, width, hidden, spelling }: BertSizes): Listing {
  yield [`${prefix}embeddings.word_embeddings.weight`, [vocabulary, width]];
  yield [`${prefix}embeddings.position_embeddings.weight`, [positions, width]];
  yield [`${prefix}embeddings.token_type_embeddings.weight`, [types, width]];
  yield* norm(`${prefix}embeddings.LayerNorm`, width, spelling);
  for (let i = 0; i < layers; i++) {
    const layer = `${prefix}encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) yield* linear(`${layer}.attention.self.${part}`, width, width);
    yield* linear(`${layer}.attention.output.dense`, width, width);
    yield* norm(`${layer}.attention.output.LayerNorm`, width, spelling);
    yield* linear(`${layer}.intermediate.dense`, width, hidden);
    yield* linear(`${layer}.output.dense`, hidden, width);
    yield* norm(`${layer}.output.LayerNorm`, width, spelling);
  }
  yield* linear(`${prefix}pooler.dense`, width, width);
}

/** bert-base-uncased: the class that was pretrained, with both its heads. */
export function* bertBaseUncased(): Listing {
  const spelling: [string, string] = ['gamma', 'beta'];
  yield* bertBody({ prefix: 'bert.', vocabulary: 30522, positions: 512, types: 2, layers: 12, width: 768, hidden: 3072, spelling });
  yield ['cls.predictions.bias', [30522]];
  yield ['cls.predictions.decoder.weight', [30522, 768]];
  yield* linear('cls.predictions.transform.dense', 768, 768);
  yield* norm('cls.predictions.transform.LayerNorm', 768, spelling);
  yield* linear('cls.seq_relationship', 768, 2);
}

export function* robertaBase(): Listing {
  yield* bertBody({ prefix: 'roberta.', vocabulary: 50265, positions: 514, types: 1, layers: 12, width: 768, hidden: 3072 });
  yield ['roberta.embeddings.position_ids', [1, 514]];
  yield ['lm_head.bias', [50265]];
  yield* linear('lm_head.dense', 768, 768);
  yield* norm('lm_head.layer_norm', 768);
  yield ['lm_head.decoder.weight', [50265, 768]];
}

export function* miniLm(): Listing {
  yield ['embeddings.position_ids', [1, 512]];
  yield* bertBody({ prefix: '', vocabulary: 30522, positions: 512, types: 2, layers: 6, width: 384, hidden: 1536 });
}

export function* distilbertBaseUncased(): Listing {
  yield ['distilbert.embeddings.word_embeddings.weight', [30522, 768]];
  yield ['distilbert.embeddings.position_embeddings.weight', [512, 768]];
  yield* norm('distilbert.embeddings.LayerNorm', 768);
  for (let i = 0; i < 6; i++) {
    const layer = `distilbert.transformer.layer.${i}`;
    for (const part of ['q_lin', 'k_lin', 'v_lin', 'out_lin']) yield* linear(`${layer}.attention.${part}`, 768, 768);
    yield* norm(`${layer}.sa_layer_norm`, 768);
    yield* linear(`${layer}.ffn.lin1`, 768, 3072);
    yield* linear(`${layer}.ffn.lin2`, 3072, 768);
    yield* norm(`${layer}.output_layer_norm`, 768);
  }
  yield* linear('vocab_transform', 768, 768);
  yield* norm('vocab_layer_norm', 768);
  yield* linear('vocab_projector', 768, 30522);
}

/** openai-community/gpt2: without a prefix, weights as [in,out], with buffers of masks. */
export function* gpt2(): Listing {
  yield ['wte.weight', [50257, 768]];
  yield ['wpe.weight', [1024, 768]];
  for (let i = 0; i < 12; i++) {
    yield* norm(`h.${i}.ln_1`, 768);
    yield [`h.${i}.attn.bias`, [1, 1, 1024, 1024]];
    for (const [name, inputs, outputs] of [
      ['attn.c_attn', 768, 2304],
      ['attn.c_proj', 768, 768],
      ['mlp.c_fc', 768, 3072],
      ['mlp.c_proj', 3072, 768],
    ] as const) {
      yield [`h.${i}.${name}.weight`, [inputs, outputs]];
      yield [`h.${i}.${name}.bias`, [outputs]];
    }
    yield* norm(`h.${i}.ln_2`, 768);
  }
  yield* norm('ln_f', 768);
}

export interface DecoderSizes {
  readonly vocabulary: number;
  readonly layers: number;
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly tied?: boolean;
  /** Qwen2's biases, Qwen3's norms per head, Gemma 2's norms after sublayers. */
  readonly own?: 'biases' | 'headNorms' | 'postNorms';
}

/** Llama's layout, which the others share. */
export function* decoder({ vocabulary, layers, width, hidden, heads, kvHeads, headWidth, tied, own }: DecoderSizes): Listing {
  yield ['model.embed_tokens.weight', [vocabulary, width]];
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`;
    const norms = ['input_layernorm', 'post_attention_layernorm'];
    if (own === 'postNorms') norms.push('pre_feedforward_layernorm', 'post_feedforward_layernorm');
    for (const name of norms) yield [`${layer}.${name}.weight`, [width]];
    yield* linear(`${layer}.self_attn.q_proj`, width, heads * headWidth, own === 'biases');
    yield* linear(`${layer}.self_attn.k_proj`, width, kvHeads * headWidth, own === 'biases');
    yield* linear(`${layer}.self_attn.v_proj`, width, kvHeads * headWidth, own === 'biases');
    yield* linear(`${layer}.self_attn.o_proj`, heads * headWidth, width, false);
    if (own === 'headNorms') for (const name of ['q_norm', 'k_norm']) yield [`${layer}.self_attn.${name}.weight`, [headWidth]];
    for (const name of ['gate_proj', 'up_proj']) yield* linear(`${layer}.mlp.${name}`, width, hidden, false);
    yield* linear(`${layer}.mlp.down_proj`, hidden, width, false);
  }
  yield ['model.norm.weight', [width]];
  if (!tied) yield ['lm_head.weight', [vocabulary, width]];
}
