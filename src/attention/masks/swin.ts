import { fail } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { blockOf, withinBlock } from './blocks.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/** Positions are those of a picture read row by row: p = y · gridWidth + x. */
export interface GridWindowOptions {
  /** Patches in a row of the picture. */
  readonly gridWidth: number;
  /** Side of a window, M in the paper. */
  readonly window: number;
}

/**
 * Square windows that tile the picture: who shares one sees each other, ⌊y/M⌋ and ⌊x/M⌋ the same
 * (Liu et al. 2021, Swin, section 3.2, "W-MSA").
 * @throws value: a grid or a window below 1
 */
export function gridWindows(options: GridWindowOptions): Mask {
  return windowsFrom('gridWindows', options, 0);
}

/**
 * The same windows moved by half their side, so that the next layer joins what this one kept apart ("SW-MSA"). The paper
 * rolls the picture round by `shift` and masks windows whose parts were not neighbours before; without the rolling, those
 * are smaller windows at the border, and the rule is: ⌊(y + M − shift)/M⌋ and ⌊(x + M − shift)/M⌋ the same.
 * @param options.shift patches, below the window; ⌊M/2⌋ by default, as in the paper
 * @throws value: a grid, window or shift out of range
 */
export function shiftedWindows({ shift, ...options }: GridWindowOptions & { readonly shift?: number }): Mask {
  const by = wholeNumber('shiftedWindows', 'shift', shift ?? Math.floor(options.window / 2), 0);
  if (by > 0 && by >= options.window) {
    const rule = `a shift below the window, ${options.window}`;
    throw fail('value', { where: 'shiftedWindows', rule, got: String(by) });
  }
  return windowsFrom('shiftedWindows', options, by);
}

function windowsFrom(where: string, { gridWidth, window }: GridWindowOptions, shift: number): Mask {
  wholeNumber(where, 'grid width', gridWidth, 1);
  wholeNumber(where, 'window', window, 1);
  const start = shift === 0 ? 0 : window - shift;
  const row = (p: Tensor): Tensor => blockOf(blockOf(p, gridWidth).add(start), window);
  const column = (p: Tensor): Tensor => blockOf(withinBlock(p, gridWidth).add(start), window);
  return ({ query, key }) =>
    row(query)
      .equal(row(key))
      .logicalAnd(column(query).equal(column(key)));
}

const common = {
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/masks/swin.ts',
} as const;

export const gridWindowForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'gridWindows',
    formula: '⌊y_i/M⌋ = ⌊y_j/M⌋ ∧ ⌊x_i/M⌋ = ⌊x_j/M⌋',
    paper: 'Liu et al. 2021 (Swin), section 3.2',
    use: 'Pictures: attention within square windows.',
  },
  {
    ...common,
    name: 'shiftedWindows',
    formula: 'gridWindows of (y + M − s, x + M − s)',
    paper: 'Liu et al. 2021 (Swin), section 3.2 and figure 4',
    use: 'Pictures: the layer after gridWindows, which joins neighbouring windows.',
  },
];
