import { type Dim, equalShapes, fail } from '../../core/index.js';
import { formatSpec, type Tensor } from '../../ops/index.js';

/**
 * A mask between two sequences, narrowed to the keys that are tokens.
 * @param mask broadcasts to [B,H,T,S], bool, true = attend @param real [B,S] bool, true = a token, false = padding
 * @param keys [B,S], sizes of the sequence attended to @param name what `real` is called, for errors
 * @returns what broadcasts to [B,H,T,S]; nothing where nothing is forbidden
 * @throws shape, dtype: a mask or padding of another form
 */
export function maskOf(name: string, mask: Tensor | undefined, real: Tensor | undefined, keys: readonly [Dim, Dim]): Tensor | undefined {
  if (mask !== undefined && mask.dtype !== 'bool') {
    throw fail('dtype', {
      where: 'attention',
      rule: 'a boolean mask, true = attend',
      got: formatSpec(mask),
      fix: 'Pass what is added to scores as bias',
    });
  }
  if (real === undefined) return mask;
  const [batch, length] = keys;
  const fits = equalShapes(real.shape, [batch, length]);
  if (!fits || real.dtype !== 'bool') {
    throw fail(fits ? 'dtype' : 'shape', {
      where: name,
      rule: `which tokens are real, [${batch},${length}] bool, true = a token`,
      got: formatSpec(real),
    });
  }
  const allowed = real.reshape([batch, 1, 1, length]);
  return mask === undefined ? allowed : mask.logicalAnd(allowed);
}
