import { Attention, type AttentionForm, MultiHeadAttention, type MultiHeadAttentionOptions } from '../../attention/index.js';
import { type ActivationName, dropPath, LayerNorm, Mlp, xavierUniform } from '../../nn/index.js';
import type { Initializer, Tensor } from '../../ops/index.js';

/** What encoder and decoder blocks are made of. Defaults are those of Vaswani et al. 2017. */
export interface BlockOptions extends Pick<MultiHeadAttentionOptions, 'width' | 'heads' | 'kvHeads'> {
  /** Hidden width of the MLP, F; 4 · width by default. */
  readonly hidden?: number | undefined;
  /** Of the MLP; `relu` by default. */
  readonly activation?: ActivationName | undefined;
  /** Whether norms stand before each sublayer or after its residual sum; `post` by default. */
  readonly norm?: 'pre' | 'post' | undefined;
  /** ε of the norms; 1e-5 by default. */
  readonly epsilon?: number | undefined;
  /** Whether linear layers and norms have biases; they do by default. */
  readonly bias?: boolean | undefined;
  /** Dropout of each sublayer's output, before it is added (section 5.4), while training. */
  readonly dropout?: number | undefined;
  /** How often, while training, a sample skips a sublayer (stochastic depth); never by default. */
  readonly dropPath?: number | undefined;
  /** How linear layers start; `xavierUniform` by default. */
  readonly initializer?: Initializer | undefined;
  /** How self-attention's queries, keys and values meet. */
  readonly attention?: AttentionForm | undefined;
}

/** A sublayer: attention, or the MLP. */
export type Sublayer = (x: Tensor) => Tensor;

/**
 * One step of the residual stream: norm(x + f(x)) after (Vaswani et al. 2017, section 3.1), or x + f(norm(x)) before
 * (Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture", table 1), where the stream itself is never
 * normalised, so that gradients reach the first blocks unscaled and training needs no warm-up.
 */
export function residual(x: Tensor, sublayer: Sublayer, norm: LayerNorm, options: BlockOptions): Tensor {
  const branch: Sublayer = (y) => dropPath(sublayer(y), options.dropPath ?? 0);
  return options.norm === 'pre' ? x.add(branch(norm.forward(x))) : norm.forward(x.add(branch(x)));
}

export function blockNorm({ width, epsilon, bias = true }: BlockOptions): LayerNorm {
  return new LayerNorm(width, { bias, ...(epsilon !== undefined && { epsilon }) });
}

export function blockAttention(options: BlockOptions, attention: AttentionForm = new Attention()): MultiHeadAttention {
  const { width, heads, kvHeads, bias, dropout, initializer = xavierUniform() } = options;
  return new MultiHeadAttention({
    width,
    heads,
    kvHeads,
    bias,
    attention,
    outputDropout: dropout,
    initializer,
    outputInitializer: initializer,
  });
}

export function blockMlp(options: BlockOptions): Mlp {
  const { width, hidden, activation = 'relu', bias = true, dropout = 0, initializer = xavierUniform() } = options;
  return new Mlp({
    width,
    ...(hidden !== undefined && { hidden }),
    activation,
    bias,
    dropout,
    initializer,
    outputInitializer: initializer,
  });
}
