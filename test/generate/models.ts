import { HostArray, normal, randomKey } from '#dist/core/index.js';
import { GPT2, type GPT2Config, type LanguageModel } from '#dist/models/index.js';
import { Embedding, Linear, Module } from '#dist/nn/index.js';
import { gelu, type Tensor } from '#dist/ops/index.js';

/** A random GPT-2 whose weights are large enough that greedy text wanders instead of repeating one token. */
export function wanderingModel(config: Partial<GPT2Config> = {}): GPT2 {
  const model = new GPT2({ vocabulary: 61, context: 64, layers: 2, heads: 4, width: 32, tied: false, seed: 5, ...config });
  spread(model);
  return model;
}

/** The same weights, known only by `forward(ids)`. */
export function withoutCache(model: GPT2): LanguageModel {
  return new ForwardOnly(model);
}

class ForwardOnly extends Module implements LanguageModel {
  readonly model: GPT2;
  constructor(model: GPT2) {
    super();
    this.model = model;
  }
  get vocabulary(): number {
    return this.model.vocabulary;
  }
  get context(): number {
    return this.model.context;
  }
  forward(ids: Tensor): Tensor {
    return this.model.forward(ids);
  }
}

/** A model as a user writes one: each token predicts the next from itself and the mean of all before. */
export class MeanModel extends Module implements LanguageModel {
  readonly vocabulary = 17;
  readonly context = 8;
  readonly tokens = new Embedding(17, 12);
  readonly mix = new Linear(12, 12);
  readonly head = new Linear(12, 17);

  constructor() {
    super();
    spread(this);
  }

  forward(ids: Tensor): Tensor {
    const x = this.tokens.forward(ids); // [B,T,C]
    // Sizes as plain numbers: such a model cannot be traced with symbolic ones.
    const length = ids.shape[1] as number;
    const below = Array.from({ length }, (_, i) => Array.from({ length }, (__, j) => (j <= i ? 1 / (i + 1) : 0)));
    const mean = x.transpose([0, 2, 1]).matmul(below, { transposeB: true }).transpose([0, 2, 1]);
    return this.head.forward(gelu(this.mix.forward(x.add(mean))));
  }
}

function spread(model: Module): void {
  for (const [name, p] of model.parameters()) {
    if (name.includes('norm')) continue;
    const isTable = name.startsWith('tokens') || name.startsWith('positions');
    const deviation = p.shape.length === 1 ? 0.1 : isTable ? 1 : 2 / Math.sqrt(p.shape[0] as number);
    const data = Float32Array.from({ length: p.value.data.length }, (_, i) => deviation * normal(randomKey(11, name), i));
    p.value = new HostArray(data, p.shape, 'float32');
  }
}
