import { type ActivationName, activation, Embedding, LayerNorm, Linear, Module, zeros } from '../nn/index.js';
import { dropout, Parameter, parameterTensor, type Tensor, tanh, tap } from '../ops/index.js';

/** What an encoder says of its text; `none` gives the hidden states themselves. */
export type EncoderHead =
  | { readonly kind: 'none' }
  /** A score for every token of the vocabulary in every place. @param tied whether by the token embeddings */
  | { readonly kind: 'maskedLanguage'; readonly tied: boolean }
  /** A score for each label, of the whole text. @param several whether several labels may hold at once */
  | { readonly kind: 'sequence'; readonly labels: readonly string[]; readonly several?: boolean }
  /** The same, of each token. */
  | { readonly kind: 'token'; readonly labels: readonly string[] }
  /** Scores for an answer's first and last token. */
  | { readonly kind: 'question' };

/** The first token's state through a dense layer and tanh (Devlin et al. 2018, section 3.2: their vector C). */
export class Pooler extends Module {
  readonly dense: Linear;

  constructor(width: number) {
    super();
    this.dense = new Linear(width, width);
  }

  /** @param hidden [B,T,C] @returns [B,C] in (−1, 1) */
  forward(hidden: Tensor): Tensor {
    return tap('pooled', tanh(this.dense.forward(firstToken(hidden))));
  }
}

/** x[:, 0]. [B,T,C] → [B,C] */
function firstToken(x: Tensor): Tensor {
  const [batch, , width] = x.shape as [number, number, number];
  return x.slice([null, [0, 1]]).reshape([batch, width]);
}

/** Scores of masked words: f(h W + b), normalised, times the token embeddings, plus a bias (Devlin et al. 2018, section 3.1). */
export class MaskedLanguageHead extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  readonly decoder: Embedding | undefined;
  readonly bias: Parameter;

  constructor(
    readonly options: {
      readonly vocabulary: number;
      readonly width: number;
      readonly tied: boolean;
      readonly epsilon: number;
      readonly activation: ActivationName;
    },
  ) {
    super();
    const { vocabulary, width, tied, epsilon } = options;
    this.dense = new Linear(width, width);
    this.norm = new LayerNorm(width, { epsilon });
    this.decoder = tied ? undefined : new Embedding(vocabulary, width);
    this.bias = new Parameter([vocabulary], zeros);
  }

  /** @param hidden [B,T,C] @param tokens the encoder's own embeddings @returns [B,T,V] */
  forward(hidden: Tensor, tokens: Embedding): Tensor {
    const transformed = this.norm.forward(activation(this.options.activation)(this.dense.forward(hidden)));
    return (this.decoder ?? tokens).scores(transformed).add(parameterTensor(this.bias));
  }
}

/** Scores of a whole text's labels: a linear layer over what the pooler, or a dense layer of its own, makes of the first token. */
export class SequenceHead extends Module {
  readonly dense: Linear | undefined;
  readonly output: Linear;

  /** @param options.activation of the dense layer; without it, the pooler's result is taken */
  constructor(
    readonly options: {
      readonly width: number;
      readonly labels: number;
      readonly dropout: number;
      readonly activation?: ActivationName;
    },
  ) {
    super();
    const { width, labels } = options;
    this.dense = options.activation && new Linear(width, width);
    this.output = new Linear(width, labels);
  }

  /** @param x [B,T,C], or [B,C] where it was pooled @returns [B,labels] */
  forward(x: Tensor): Tensor {
    const { activation: name, dropout: rate } = this.options;
    const pooled = this.dense === undefined || name === undefined ? x : activation(name)(this.dense.forward(firstToken(x)));
    return this.output.forward(dropout(pooled, rate));
  }
}

/** Scores of every token: of its labels, or of being where an answer starts and where it ends. */
export class TokenHead extends Module {
  readonly output: Linear;

  constructor(readonly options: { readonly width: number; readonly labels: number; readonly dropout: number }) {
    super();
    this.output = new Linear(options.width, options.labels);
  }

  /** @param hidden [B,T,C] @returns [B,T,labels] */
  forward(hidden: Tensor): Tensor {
    return this.output.forward(dropout(hidden, this.options.dropout));
  }
}
