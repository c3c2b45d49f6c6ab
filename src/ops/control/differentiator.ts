import { fail } from '../../core/index.js';
import type { Tensor } from '../tensor.js';

/** Gradients of Σ_k ⟨seed_k, y_k⟩ by tensors, as `grad` computes them: it stands above `ops` and registers itself here. `undefined`: nothing depends on the tensor. */
export type Differentiator = (ys: readonly Tensor[], seeds: readonly Tensor[], wrt: readonly Tensor[]) => readonly (Tensor | undefined)[];

let registered: Differentiator | undefined;

export function setDifferentiator(differentiator: Differentiator): void {
  registered = differentiator;
}

/** @param where the op whose rule differentiates @throws engine: `grad` is not loaded */
export function differentiator(where: string): Differentiator {
  if (registered === undefined) throw fail('engine', { where, rule: 'grad is loaded', fix: "Import 'headlightjs/grad'" });
  return registered;
}
