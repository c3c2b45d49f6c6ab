import { fail } from '../core/index.js';
import { type CellName, child, Embedding, Module, normal, RecurrentLayers } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { EncoderLanguageModel } from './encoder-language-model.js';
import { checkSizes } from './sizes.js';

export interface RecurrentConfig {
  readonly cell: CellName;
  readonly vocabulary: number;
  /** Tokens of a training row; generation goes on as long as it is asked to. */
  readonly context: number;
  readonly layers: number;
  /** Width of the embeddings. */
  readonly width: number;
  /** Width of the state; `width` by default. */
  readonly hidden?: number;
  /** A second network from the end: for classifying and tagging, as it sees what a language model is to predict. */
  readonly bidirectional?: boolean;
  readonly dropout?: number;
  readonly bias?: boolean;
  /** Added to the first biases of an LSTM's forget gates; see `RecurrentLayers`. 0 by default. */
  readonly forgetBias?: number;
  /** Whether the head is the token embedding's transpose: takes outputs as wide as embeddings. */
  readonly tied?: boolean;
  readonly seed?: number;
}

/** Tokens to features: an embedding, recurrent layers. Taps `embed`, and `recurrent.layers.{i}.….hidden`. */
export class RecurrentEncoder extends Module {
  readonly tokens: Embedding;
  readonly recurrent: RecurrentLayers;
  readonly config: Required<RecurrentConfig>;

  /** @throws value: a size that is not a whole number from 1 */
  constructor(config: RecurrentConfig) {
    super();
    const { width, hidden = width } = config;
    this.config = { bidirectional: false, dropout: 0, bias: true, forgetBias: 0, tied: false, seed: 0, ...config, hidden };
    const { cell, vocabulary, context, layers, bidirectional, dropout: rate, bias, forgetBias, tied, seed } = this.config;
    checkSizes('Recurrent model', { vocabulary, context, layers, width, hidden });
    this.seed = seed;
    // As PyTorch's; an embedding that is the head too is smaller by √C, so that logits begin of deviation 1 at most.
    this.tokens = new Embedding(vocabulary, width, normal(tied ? width ** -0.5 : 1));
    const options = { cell, width, hidden, layers, bidirectional, bias, forgetBias, dropout: rate };
    this.recurrent = child('recurrent', () => new RecurrentLayers(options));
  }

  get vocabulary(): number {
    return this.config.vocabulary;
  }

  get context(): number {
    return this.config.context;
  }

  /** Width of the outputs: H, or 2H of both directions. */
  get width(): number {
    return this.config.hidden * (this.config.bidirectional ? 2 : 1);
  }

  /** @param ids [B,T] int32 @param state each layer's hidden state, and cell, [B,H] @returns outputs [B,T,H] or [B,T,2H]; the state */
  forward(ids: Tensor, state?: readonly Tensor[]): { readonly outputs: Tensor; readonly state: readonly Tensor[] } {
    const { cell, dropout: rate } = this.config;
    const embedded = tap('embed', dropout(this.tokens.forward(ids), rate));
    const size = cell === 'lstm' ? 2 : 1;
    const byLayer = state && Array.from({ length: state.length / size }, (_, i) => state.slice(size * i, size * (i + 1)));
    const { outputs, state: left } = this.recurrent.forward(embedded, { state: byLayer });
    return { outputs: dropout(outputs, rate), state: left.flat() };
  }
}

/**
 * The recurrent language model (Mikolov et al. 2010, "Recurrent neural network based language model"; with LSTMs, Zaremba et
 * al. 2014): embeddings, layers of RNN, GRU or LSTM, a head. It generates from its state: a token costs a step, however long
 * the text.
 * @example new RecurrentLanguageModel({ cell: 'lstm', vocabulary: 65, context: 64, layers: 2, width: 128 })
 */
export class RecurrentLanguageModel extends EncoderLanguageModel<RecurrentEncoder> {
  /** @throws value: a size that is not a whole number from 1, or a tied head of another width than the embeddings */
  constructor(config: RecurrentConfig) {
    const encoder = child('encoder', () => new RecurrentEncoder(config));
    const { width, tied } = encoder.config;
    if (tied && encoder.width !== width) {
      throw fail('value', {
        where: 'RecurrentLanguageModel',
        rule: 'outputs as wide as embeddings, where the head is tied to these',
        got: `outputs of ${encoder.width}, embeddings of ${width}`,
        fix: 'Leave `tied` out, or `hidden`',
      });
    }
    super(encoder);
  }

  /** Each layer's hidden state, and its cell where there is one: [H]. @throws unsupported: both directions */
  get carries(): readonly (readonly number[])[] {
    const { cell, layers, hidden, bidirectional } = this.config;
    if (bidirectional) {
      throw fail('unsupported', {
        where: 'generate',
        path: 'encoder.recurrent',
        rule: 'layers that read forwards alone, to go on from what is there',
        got: 'bidirectional layers, which read from the end too',
        fix: 'Make the model with bidirectional: false',
      });
    }
    return Array.from({ length: layers * (cell === 'lstm' ? 2 : 1) }, () => [hidden]);
  }
}
