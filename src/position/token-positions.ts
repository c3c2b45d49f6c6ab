import { type Dim, equalShapes, fail } from '../core/index.js';
import { formatSpec, iota, type Tensor } from '../ops/index.js';

/** Where the tokens of a batch stand. */
export interface TokenPositions {
  /** int32: [T], where all rows are alike, or [B,T]. */
  readonly positions: Tensor;
  /** Whether each token has its own. */
  readonly perToken: boolean;
}

/**
 * The positions of a batch's tokens.
 * @param x [B,T,…], only its sizes count
 * @param position int32: [1], the first token's, the others following it; or [B,T], each token's own. 0, 1, 2, … by default
 * @throws shape: positions of another shape; dtype: positions that are not int32
 */
export function tokenPositions(x: Tensor, position: Tensor | undefined): TokenPositions {
  const [batch, length] = x.shape as [Dim, Dim];
  if (position === undefined) return { positions: iota(length), perToken: false };
  const perToken = equalShapes(position.shape, [batch, length]);
  if (position.dtype !== 'int32' || !(perToken || equalShapes(position.shape, [1]))) {
    throw fail(position.dtype === 'int32' ? 'shape' : 'dtype', {
      where: 'positions',
      rule: `int32, [1] for the first token's position or [${batch},${length}] for every token's`,
      got: formatSpec(position),
    });
  }
  return { positions: perToken ? position : iota(length).add(position), perToken };
}

/** @throws shape: more tokens than the context, where their number is known */
export function checkContext(length: Dim, context: number): void {
  if (typeof length !== 'number' || length <= context) return;
  throw fail('shape', {
    where: 'positions',
    rule: `at most ${context} tokens, the context the model was made for`,
    got: String(length),
    fix: 'Shorten the text, or make the model with a larger context',
  });
}
