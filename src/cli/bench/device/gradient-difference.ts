import { fail } from '../../../core/index.js';
import type { Gradients } from '../../../train/index.js';

/** Gradients may part by this: max|Δ| / max|g| of each parameter. */
export const gradientTolerance = 1e-4;

export interface GradientDifference {
  /** The largest over all parameters, and whose it is. */
  readonly largest: number;
  readonly parameter: string;
  readonly parameters: number;
}

/** How far two sets of gradients are apart: max|Δ| / max|g|, the parameter where it is largest. @throws value: other parameters */
export function gradientDifference(reference: Gradients, found: Gradients): GradientDifference {
  let worst = { largest: 0, parameter: '' };
  const names = Object.keys(reference);
  for (const name of names) {
    const [g, h] = [reference[name] as Float32Array, found[name]];
    if (h?.length !== g.length) {
      throw fail('value', { where: 'gradients', rule: `${g.length} numbers of ${name}`, got: h === undefined ? 'none' : String(h.length) });
    }
    let [apart, size] = [0, 0];
    for (let i = 0; i < g.length; i++) {
      const distance = Math.abs((g[i] as number) - (h[i] as number));
      if (!(distance <= apart)) apart = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
      size = Math.max(size, Math.abs(g[i] as number));
    }
    const relative = apart === 0 ? 0 : apart / size;
    if (relative > worst.largest) worst = { largest: relative, parameter: name };
  }
  return { ...worst, parameters: names.length };
}
