import { fail } from '../core/index.js';
import { child, Embedding, Module, normal } from '../nn/index.js';
import { dropout, type Tensor, tap } from '../ops/index.js';
import { SinusoidalPositions } from '../position/index.js';
import { type Memory, type StackOptions, TransformerDecoder, TransformerEncoder } from './blocks/index.js';
import type { SequenceState } from './sequence-state.js';
import type { SequenceToSequence } from './sequence-to-sequence.js';
import { checkSizes } from './sizes.js';

export interface TransformerConfig extends Omit<StackOptions, 'attention' | 'layers'> {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  /** Blocks of the encoder, and of the decoder unless told otherwise. */
  readonly layers: number;
  readonly decoderLayers?: number;
  /** Whether the output head is the target embedding's transpose (section 3.4); it is by default. */
  readonly tied?: boolean;
  /** Whether sources and targets have one embedding (section 3.4), where the vocabularies are one; not by default. */
  readonly shared?: boolean;
  readonly seed?: number;
}

/** What a call is told, besides source and target. Masks are boolean, true = attend. */
export interface TransformerInputs {
  /** The padding mask of the sources: [B,S], true = a token, false = padding, which neither encoder nor decoder attend to. */
  readonly sourcePadding?: Tensor | undefined;
  /** The padding mask of the targets: [B,T], true = a token. */
  readonly targetPadding?: Tensor | undefined;
  /** Who may look at what within the source; broadcasts to [B,H,S,S]. */
  readonly sourceMask?: Tensor | undefined;
  /** Narrows what the causal mask leaves of the target; broadcasts to [B,H,T,T]. */
  readonly targetMask?: Tensor | undefined;
  /** What of the source each target may look at; broadcasts to [B,H,T,S]. */
  readonly memoryMask?: Tensor | undefined;
}

/** Token embeddings times √C, plus sinusoidal positions, then dropout (Vaswani et al. 2017, sections 3.4, 3.5 and 5.4). */
class EmbeddedTokens extends Module {
  readonly tokens: Embedding;
  readonly positions: SinusoidalPositions;
  readonly dropout: number;

  constructor(tokens: Embedding, width: number, rate: number) {
    super();
    this.tokens = tokens;
    this.positions = child('positions', () => new SinusoidalPositions(width));
    this.dropout = rate;
  }

  /** @param ids [B,T] int32 @param position as `SinusoidalPositions` has it @returns [B,T,C] */
  forward(ids: Tensor, position?: Tensor): Tensor {
    const scaled = this.tokens.forward(ids).mul(Math.sqrt(this.positions.width));
    return dropout(scaled.add(this.positions.forward(ids, position)), this.dropout);
  }
}

/**
 * The encoder–decoder Transformer (Vaswani et al. 2017, figure 1): the encoder turns the source into a memory, the decoder
 * predicts each next token of the target from those before it and the memory. Norms stand after the sums, as in the paper,
 * or before (`norm: 'pre'`). Texts may have any length.
 * @example const model = new Transformer({ sourceVocabulary: 100, targetVocabulary: 100, layers: 2, width: 64, heads: 4 });
 */
export class Transformer extends Module implements SequenceToSequence {
  readonly config: TransformerConfig;
  readonly source: EmbeddedTokens;
  readonly target: EmbeddedTokens;
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;
  readonly head: Embedding | undefined;

  /** @throws value: sizes that are not whole numbers from 1, or one embedding for two vocabularies; shape: heads that do not divide the width, an odd width */
  constructor(config: TransformerConfig) {
    super();
    const { sourceVocabulary, targetVocabulary, layers, decoderLayers = layers, tied = true, shared = false, seed = 0, ...block } = config;
    checkSizes('Transformer', { sourceVocabulary, targetVocabulary, layers, decoderLayers, width: block.width, heads: block.heads });
    if (shared) checkShared(sourceVocabulary, targetVocabulary);
    this.config = config;
    this.seed = seed;
    // Of deviation 1/√C, so that √C times them are of deviation 1, as positions nearly are.
    const table = (rows: number): Embedding => new Embedding(rows, block.width, normal(block.width ** -0.5));
    const embedded = (field: string, tokens: Embedding): EmbeddedTokens =>
      child(field, () => new EmbeddedTokens(tokens, block.width, block.dropout ?? 0));
    this.source = embedded('source', table(sourceVocabulary));
    this.target = embedded('target', shared ? this.source.tokens : table(targetVocabulary));
    this.encoder = child('encoder', () => new TransformerEncoder({ ...block, layers }));
    this.decoder = child('decoder', () => new TransformerDecoder({ ...block, layers: decoderLayers }));
    this.head = tied ? undefined : table(targetVocabulary);
  }

  get vocabulary(): number {
    return this.config.targetVocabulary;
  }

  get sourceVocabulary(): number {
    return this.config.sourceVocabulary;
  }

  get context(): number {
    return Number.POSITIVE_INFINITY;
  }

  get cache(): { layers: number; heads: number; headWidth: number } {
    const { layers, decoderLayers = layers, heads, kvHeads = heads, width } = this.config;
    return { layers: decoderLayers, heads: kvHeads, headWidth: width / heads };
  }

  /**
   * @param source [B,S] int32 @param target [B,T] int32, what is known of the target: its tokens but the last, after a start
   * @returns logits [B,T,V] of the tokens that follow
   * @throws shape, dtype: ids or masks that do not fit
   */
  forward(source: Tensor, target: Tensor, inputs: TransformerInputs = {}): Tensor {
    return this.decode(target, this.encode(source, inputs), inputs);
  }

  /** The memory of a source. @param source [B,S] int32 @returns [B,S,C] */
  encode(source: Tensor, { sourcePadding, sourceMask }: Pick<TransformerInputs, 'sourcePadding' | 'sourceMask'> = {}): Tensor {
    return this.encoder.forward(this.source.forward(source), { mask: sourceMask, padding: sourcePadding });
  }

  /**
   * The logits of the tokens that follow each of the target's.
   * @param target [B,T] int32 @param inputs.position, inputs.past where to go on from, when earlier tokens' keys and values are kept @returns [B,T,V]
   */
  decode(
    target: Tensor,
    memory: Memory,
    inputs: Omit<TransformerInputs, 'sourceMask'> & Pick<SequenceState, 'position' | 'past'> = {},
  ): Tensor {
    const x = this.decoder.forward(this.target.forward(target, inputs.position), memory, {
      mask: inputs.targetMask,
      padding: inputs.targetPadding,
      memoryMask: inputs.memoryMask,
      memoryPadding: inputs.sourcePadding,
      past: inputs.past,
    });
    return tap('logits', (this.head ?? this.target.tokens).scores(x));
  }
}

function checkShared(source: number, target: number): void {
  if (source === target) return;
  throw fail('value', {
    where: 'Transformer',
    rule: 'one vocabulary, where sources and targets share an embedding',
    got: `${source} and ${target} tokens`,
    fix: 'Give both the same vocabulary, or leave `shared` out',
  });
}
