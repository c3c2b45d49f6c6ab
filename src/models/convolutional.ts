import { fail } from '../core/index.js';
import { child, children, Embedding, Module, normal, TemporalBlock } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { EncoderLanguageModel } from './encoder-language-model.js';
import { checkSizes } from './sizes.js';

export interface ConvolutionalConfig {
  readonly vocabulary: number;
  /** Tokens of a training row; generation goes on as long as it is asked to. */
  readonly context: number;
  /** Blocks; block ℓ, from 0, has dilation 2^ℓ. */
  readonly layers: number;
  /** Width of embeddings and channels. */
  readonly width: number;
  /** Places that a kernel reads; 3 by default. */
  readonly kernel?: number;
  readonly dropout?: number;
  readonly bias?: boolean;
  readonly weightNorm?: boolean;
  /** Whether the head is the token embedding's transpose. */
  readonly tied?: boolean;
  readonly seed?: number;
}

/** With more, a prediction would reach over more tokens than any text has. */
const mostLayers = 24;

/** Tokens to features: an embedding, temporal blocks. Taps `embed` [B,T,C], and `blocks.{i}.hidden` [B,C,T]. */
export class ConvolutionalEncoder extends Module {
  readonly tokens: Embedding;
  readonly blocks: TemporalBlock[];
  readonly config: Required<ConvolutionalConfig>;

  /** @throws value: a size that is not a whole number from 1, a kernel below 2 */
  constructor(config: ConvolutionalConfig) {
    super();
    this.config = { kernel: 3, dropout: 0, bias: true, weightNorm: true, tied: false, seed: 0, ...config };
    const { vocabulary, context, layers, width, kernel, dropout: rate, bias, weightNorm, tied, seed } = this.config;
    checkSizes('Convolutional model', { vocabulary, context, layers, width, kernel });
    if (layers > mostLayers) {
      const rule = `at most ${mostLayers} layers: dilations double with each`;
      throw fail('value', { where: 'Convolutional model', rule, got: String(layers) });
    }
    this.seed = seed;
    this.tokens = new Embedding(vocabulary, width, normal(tied ? width ** -0.5 : 1));
    const options = { from: width, to: width, kernel, bias, weightNorm, dropout: rate };
    this.blocks = children('blocks', layers, (i) => new TemporalBlock({ ...options, dilation: 2 ** i }));
  }

  get vocabulary(): number {
    return this.config.vocabulary;
  }

  get context(): number {
    return this.config.context;
  }

  /** Width of the outputs. */
  get width(): number {
    return this.config.width;
  }

  /** @param ids [B,T] int32 @param state two tensors a block, as its `carries` has them @returns outputs [B,T,C]; the state, where one was given */
  forward(ids: Tensor, state?: readonly Tensor[]): { readonly outputs: Tensor; readonly state: readonly Tensor[] } {
    const embedded = tap('embed', dropout(this.tokens.forward(ids), this.config.dropout));
    const left: Tensor[] = [];
    let x = embedded.transpose([0, 2, 1]); // [B,C,T]
    this.blocks.forEach((block, i) => {
      const result = block.forward(x, state?.slice(2 * i, 2 * i + 2));
      left.push(...result.state);
      x = result.outputs;
    });
    return { outputs: x.transpose([0, 2, 1]), state: left };
  }
}

/**
 * The convolutional language model: a temporal convolution network on embeddings (Bai et al. 2018, section 5). A prediction
 * sees the last 1 + 2 (k − 1) (2^L − 1) tokens, `reach`. It generates from the inputs that its kernels look back at: a token
 * costs a step, however long the text.
 */
export class ConvolutionalLanguageModel extends EncoderLanguageModel<ConvolutionalEncoder> {
  /** @throws as `ConvolutionalEncoder` */
  constructor(config: ConvolutionalConfig) {
    super(child('encoder', () => new ConvolutionalEncoder(config)));
  }

  /** Tokens that a prediction depends on. */
  get reach(): number {
    const { kernel, layers } = this.config;
    return 1 + 2 * (kernel - 1) * (2 ** layers - 1);
  }

  /** What each convolution looks back at: [C,(k − 1) · dilation], two a block. */
  get carries(): readonly (readonly number[])[] {
    return this.encoder.blocks.flatMap((block) => block.carries);
  }
}
