import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import type { Mask } from '../parts.js';
import { distance } from '../places.js';
import { blockOf, withinBlock } from './blocks.js';
import { causal } from './causal.js';
import { and, or } from './combine.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * The patterns of the Sparse Transformer (Child, Gray, Radford and Sutskever 2019, section 4.2 and 4.3), whose two heads
 * reach every earlier token in two steps. Each is causal by itself. Their l is our stride, their c our summaries. Heads of
 * their own: `perHead([stridedLocal(l), stridedFar(l)])`; one merged head (their eq. 8): `strided(l)`.
 */

/** The first head of "strided": the query and the l tokens before it, i − l ≤ j ≤ i. @throws value: a stride below 1 */
export function stridedLocal(stride: number): Mask {
  wholeNumber('stridedLocal', 'stride', stride, 1);
  return and(causal, (places) => distance(places).lessEqual(stride));
}

/** The second head of "strided": every l-th token before, l | i − j and j ≤ i. @throws value: a stride below 1 */
export function stridedFar(stride: number): Mask {
  wholeNumber('stridedFar', 'stride', stride, 1);
  return and(causal, ({ query, key }) => withinBlock(query, stride).equal(withinBlock(key, stride)));
}

/** Both heads of "strided" in one: for data with a period, as rows of an image. @throws value: a stride below 1 */
export function strided(stride: number): Mask {
  return or(stridedLocal(stride), stridedFar(stride));
}

/** The first head of "fixed": the query's own block, ⌊j/l⌋ = ⌊i/l⌋ and j ≤ i. @throws value: a stride below 1 */
export function fixedLocal(stride: number): Mask {
  wholeNumber('fixedLocal', 'stride', stride, 1);
  return and(causal, ({ query, key }) => blockOf(query, stride).equal(blockOf(key, stride)));
}

/**
 * The second head of "fixed": the last c tokens of every block, l − c ≤ j mod l and j ≤ i.
 * A query before the end of the first block may have none: it gathers zeros.
 * @throws value: a stride below 1, summaries not among 1 … stride
 */
export function fixedFar(stride: number, summaries = 1): Mask {
  wholeNumber('fixedFar', 'stride', stride, 1);
  if (wholeNumber('fixedFar', 'number of summaries', summaries, 1) > stride) {
    const rule = `at most as many summaries as the stride, ${stride}`;
    throw fail('value', { where: 'fixedFar', rule, got: String(summaries) });
  }
  return and(causal, ({ key }) => withinBlock(key, stride).greaterEqual(stride - summaries));
}

/** Both heads of "fixed" in one: for data without a period, as text. @throws as `fixedFar` */
export function fixed(stride: number, summaries = 1): Mask {
  return or(fixedLocal(stride), fixedFar(stride, summaries));
}

const common = {
  ...maskCosts,
  causal: 'yes',
  cacheable: true,
  file: 'src/attention/masks/sparse-transformer.ts',
} as const;

const paper = (section: string): string => `Child et al. 2019 (Sparse Transformer), ${section}`;

export const sparseTransformerForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'strided',
    formula: 'i − l ≤ j ≤ i ∨ (j ≤ i ∧ l | i − j)',
    paper: paper('section 4.3 and eq. 8'),
    use: 'Data with a period l, as rows of an image: both heads in one.',
  },
  {
    ...common,
    name: 'stridedLocal',
    formula: 'i − l ≤ j ≤ i',
    paper: paper('section 4.3, A⁽¹⁾ of strided'),
    use: 'The near head of strided attention.',
  },
  {
    ...common,
    name: 'stridedFar',
    formula: 'j ≤ i ∧ l | i − j',
    paper: paper('section 4.3, A⁽²⁾ of strided'),
    use: 'The far head of strided attention.',
  },
  {
    ...common,
    name: 'fixed',
    formula: 'j ≤ i ∧ (⌊j/l⌋ = ⌊i/l⌋ ∨ j mod l ≥ l − c)',
    paper: paper('section 4.3 and eq. 8'),
    use: 'Data without a period, as text: the last c tokens of each block speak for it.',
  },
  {
    ...common,
    name: 'fixedLocal',
    formula: 'j ≤ i ∧ ⌊j/l⌋ = ⌊i/l⌋',
    paper: paper('section 4.3, A⁽¹⁾ of fixed'),
    use: 'The near head of fixed attention.',
  },
  {
    ...common,
    name: 'fixedFar',
    formula: 'j ≤ i ∧ j mod l ≥ l − c',
    paper: paper('section 4.3, A⁽²⁾ of fixed'),
    use: 'The far head of fixed attention.',
  },
];
