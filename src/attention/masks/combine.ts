import { type Dim, fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { concat, type Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { maskCosts } from './costs.js';

/** All of them: m ∧ m′ ∧ …. @throws value: none given */
export function and(...masks: readonly Mask[]): Mask {
  const [first, ...rest] = some('and', masks);
  return (places) => rest.reduce((whole, mask) => whole.logicalAnd(mask(places)), first(places));
}

/** Any of them: m ∨ m′ ∨ …. @throws value: none given */
export function or(...masks: readonly Mask[]): Mask {
  const [first, ...rest] = some('or', masks);
  return (places) => rest.reduce((whole, mask) => whole.logicalOr(mask(places)), first(places));
}

/** What the mask forbids, and nothing else: ¬m. */
export function not(mask: Mask): Mask {
  return (places) => mask(places).logicalNot();
}

/**
 * A mask for each head: head h has masks[h].
 * @returns a mask [1,H,T,S], or [B,H,T,S] where one of them knows texts
 * @throws value: none given; shape: one that tells heads apart already
 */
export function perHead(masks: readonly Mask[]): Mask {
  const [first, ...rest] = some('perHead', masks);
  return (places) => {
    const each = [first, ...rest].map((mask) => oneHead(mask(places)));
    const largest = (axis: number): Dim => each.map((m) => m.shape[axis] as Dim).find((d) => d !== 1) ?? 1;
    const shape = [largest(0), 1, largest(2), largest(3)];
    return concat(
      each.map((m) => m.expand(shape)),
      1,
    );
  };
}

/** The mask with all four axes, the second of size 1. */
function oneHead(mask: Tensor): Tensor {
  const whole = mask.reshape([...new Array<Dim>(4 - mask.rank).fill(1), ...mask.shape]);
  if (whole.shape[1] === 1) return whole;
  const rule = 'masks that are the same for all heads';
  throw fail('shape', { where: 'perHead', rule, got: `one for ${String(whole.shape[1])} heads` });
}

function some(where: string, masks: readonly Mask[]): readonly [Mask, ...Mask[]] {
  const [first, ...rest] = masks;
  if (first === undefined) throw fail('value', { where, rule: 'at least one mask', got: 'none' });
  return [first, ...rest];
}

const common = {
  paper: '—',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/masks/combine.ts',
} as const;

export const combineForms: readonly FormDeclaration[] = [
  { ...common, name: 'and', formula: 'm ∧ m′', use: 'Narrows: `and(causal, slidingWindow(256))`.' },
  { ...common, name: 'or', formula: 'm ∨ m′', use: 'Widens: `or(slidingWindow(256), globalTokens([0]))`.' },
  { ...common, name: 'not', formula: '¬m', use: 'Turns round: `not(slidingWindow(1))`, all but oneself.' },
  { ...common, name: 'perHead', formula: 'm_h', use: 'Another mask in each head.' },
];
