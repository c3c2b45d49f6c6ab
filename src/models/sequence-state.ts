import { causalMask, documentMask, type Past } from '../attention/index.js';
import { type Dim, equalShapes, fail } from '../core/index.js';
import { formatSpec, type Tensor } from '../ops/index.js';

/** How the tokens of a batch stand to each other and to earlier ones; each row is one text from its start where nothing is said. */
export interface SequenceState {
  /** Positions, int32: [1], the first token's, the others following it; or [B,T], each token's own. */
  readonly position?: Tensor | undefined;
  /** Keys and values of earlier tokens, one entry per layer, so that they need not be computed again. */
  readonly past?: readonly Past[] | undefined;
  /**
   * Where several documents share a row: [B,T] int32, each token's document; a token attends within its document only.
   * Give `position` too, counted from each document's start, and a packed row is exactly its documents one by one.
   */
  readonly documents?: Tensor | undefined;
  /** What the model is given besides tokens: the tensors of its `given`. */
  readonly given?: Readonly<Record<string, Tensor>> | undefined;
}

/**
 * Which tokens a batch's tokens may attend to: themselves and earlier ones, of the same document.
 * @param ids [B,T]
 * @returns [T,T], or [B,1,T,T] with documents; bool, true = attend
 * @throws shape: documents of another shape than the ids; unsupported: documents together with a past
 */
export function decoderMask(ids: Tensor, { documents, past }: SequenceState = {}): Tensor {
  const causal = causalMask(ids.shape[1] as Dim);
  if (documents === undefined) return causal;
  if (!equalShapes(documents.shape, ids.shape)) {
    throw fail('shape', { where: 'documents', rule: `a document for every id, [${ids.shape}] int32`, got: formatSpec(documents) });
  }
  if (past !== undefined) {
    throw fail('unsupported', {
      where: 'documents',
      rule: 'either several documents in a row, or a past to go on from',
      got: 'both',
      fix: 'Give each document a row of its own to go on from it',
    });
  }
  return causal.logicalAnd(documentMask(documents));
}
