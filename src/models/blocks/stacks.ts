import type { AttentionForm, Past, ProjectedContext } from '../../attention/index.js';
import { children, type LayerNorm, Module } from '../../nn/index.js';
import { Tensor, tap } from '../../ops/index.js';
import { checkSizes } from '../sizes.js';
import { type BlockOptions, blockNorm } from './block.js';
import { DecoderBlock, type DecoderBlockInputs } from './decoder-block.js';
import { EncoderBlock, type EncoderBlockInputs } from './encoder-block.js';

export interface StackOptions extends Omit<BlockOptions, 'attention' | 'dropPath'> {
  /** Number of blocks. */
  readonly layers: number;
  /** Whether a norm follows the last block; by default where norms stand before sublayers, as the stream is normalised nowhere else. */
  readonly finalNorm?: boolean | undefined;
  /** How often, while training, a sample skips a sublayer of the last block; block ℓ of L skips ℓ/L as often (Huang et al. 2016, eq. 4). */
  readonly dropPath?: number | undefined;
  /** How self-attention's queries, keys and values meet, by layer. */
  readonly attention?: ((layer: number) => AttentionForm) | undefined;
}

/** Encoder blocks one after another (Vaswani et al. 2017, section 3.1, N of them). Taps `embed` and `final_norm`, where there is one. */
export class TransformerEncoder extends Module {
  readonly blocks: EncoderBlock[];
  readonly norm: LayerNorm | undefined;

  /** @throws value: sizes that are not whole numbers from 1; shape: heads that do not divide the width */
  constructor(options: StackOptions) {
    super();
    checkStack('TransformerEncoder', options);
    this.blocks = children('blocks', options.layers, (i) => new EncoderBlock(ofLayer(options, i)));
    this.norm = finalNorm(options);
  }

  /** @param x [B,S,C] @returns [B,S,C] */
  forward(x: Tensor, inputs: EncoderBlockInputs = {}): Tensor {
    return normalised(
      this.norm,
      this.blocks.reduce((y, block) => block.forward(y, inputs), tap('embed', x)),
    );
  }
}

/** What a decoder looks at: the encoder's output [B,S,C], or the keys and values that each block's cross-attention made of it. */
export type Memory = Tensor | readonly ProjectedContext[];

export interface DecoderInputs extends Omit<DecoderBlockInputs, 'past'> {
  /** Keys and values of earlier targets, by block. */
  readonly past?: readonly Past[] | undefined;
}

/** Decoder blocks one after another. Taps `embed` and `final_norm`, where there is one. */
export class TransformerDecoder extends Module {
  readonly blocks: DecoderBlock[];
  readonly norm: LayerNorm | undefined;

  /** @throws value: sizes that are not whole numbers from 1; shape: heads that do not divide the width */
  constructor(options: StackOptions) {
    super();
    checkStack('TransformerDecoder', options);
    this.blocks = children('blocks', options.layers, (i) => new DecoderBlock(ofLayer(options, i)));
    this.norm = finalNorm(options);
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, memory: Memory, { past, ...inputs }: DecoderInputs = {}): Tensor {
    const of = (layer: number): Tensor | ProjectedContext => (memory instanceof Tensor ? memory : (memory[layer] as ProjectedContext));
    return normalised(
      this.norm,
      this.blocks.reduce((y, block, i) => block.forward(y, of(i), { ...inputs, past: past?.[i] }), tap('embed', x)),
    );
  }
}

function checkStack(where: string, { layers, width, heads, hidden = 4 * width }: StackOptions): void {
  checkSizes(where, { layers, width, heads, hidden });
}

function ofLayer({ attention, ...options }: StackOptions, layer: number): BlockOptions {
  const { dropPath = 0, layers } = options;
  return { ...options, dropPath: (dropPath * (layer + 1)) / layers, attention: attention?.(layer) };
}

function finalNorm({ norm, finalNorm: wanted = norm === 'pre', ...options }: StackOptions): LayerNorm | undefined {
  return wanted ? blockNorm({ ...options, attention: undefined }) : undefined;
}

function normalised(norm: LayerNorm | undefined, x: Tensor): Tensor {
  return norm === undefined ? x : tap('final_norm', norm.forward(x));
}
