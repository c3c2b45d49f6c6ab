import { type HostArray, symbol } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import type { Subject } from './subject.js';
import { followingTokens, idsOf, type Prompt, tokenIdOf, tokenLabels } from './tokens.js';

/** What an encoder–decoder is run on; the target is what is known of it, after a start token. */
export interface TranslationPrompt {
  readonly source: Prompt;
  readonly target: Prompt;
}

/** An encoder–decoder, such as `Transformer`. */
export interface TranslationModel extends Module {
  readonly vocabulary: number;
  readonly sourceVocabulary: number;
  readonly context: number;
  /** @param source [B,S] int32 @param target [B,T] int32 @returns logits [B,T,V] */
  forward(source: Tensor, target: Tensor): Tensor;
}

/** An encoder–decoder: `source` [B,S] and `target` [B,T]. */
export function translationSubject<M extends TranslationModel>(model: M, tokenizer?: Tokenizer): Subject<TranslationPrompt, M> {
  const { vocabulary, sourceVocabulary, context } = model;
  return {
    model,
    inputs: [
      { name: 'source', spec: { shape: [symbol('B'), symbol('S')], dtype: 'int32' } },
      { name: 'target', spec: { shape: [symbol('B'), symbol('T')], dtype: 'int32' } },
    ],
    feeds: ({ source, target }) => ({
      source: idsOf(source, { vocabulary: sourceVocabulary, context: Number.POSITIVE_INFINITY }, tokenizer, 'source'),
      target: idsOf(target, { vocabulary, context }, tokenizer, 'target'),
    }),
    trace: (m, { source, target }) => m.forward(source as Tensor, target as Tensor),
    targets: ({ target }) => followingTokens(target as HostArray),
    labels: ({ source, target }, site, axis) => tokenLabels((isOfSource(site, axis) ? source : target) as HostArray, tokenizer),
    tokenId: (text) => tokenIdOf(text, tokenizer),
  };
}

/** Whether places are the source's: all of the encoder's, and what cross-attention looks at. */
function isOfSource(site: string, axis: 'position' | 'key'): boolean {
  return site.startsWith('encoder.') || /cross_attention\.(key|value)$/.test(site) || (axis === 'key' && site.includes('cross_attention.'));
}
