import type { Tensor } from '../../ops/index.js';

/** How the input enters a step of a discretised state space. */
export type InputRule = 'euler' | 'zero-order hold';

/**
 * A continuous state space h' = A h + B x, held constant over a step Δ (Gu and Dao 2023, Mamba, eq. 4): h_t = Ā h + B̄ x with
 * Ā = exp(ΔA), and B̄ = (exp(ΔA) − 1)/A · B (zero-order hold) or ΔB (Euler's step, which Mamba's code takes). A is diagonal.
 * @param delta Δ [...,C] @param a [C,N], not 0 under zero-order hold @param b [...,N] @param x [...,C]
 * @returns decay Ā and input B̄ x, [...,C,N] each
 */
export function discretise(
  delta: Tensor,
  a: Tensor,
  b: Tensor,
  x: Tensor,
  rule: InputRule,
): { readonly decay: Tensor; readonly input: Tensor } {
  const column = (y: Tensor): Tensor => y.unsqueeze(y.rank); // [...,C,1]
  const decay = column(delta).mul(a).exp();
  const across = b.unsqueeze(b.rank - 1); // [...,1,N]
  if (rule === 'euler') return { decay, input: column(delta.mul(x)).mul(across) };
  return { decay, input: decay.sub(1).div(a).mul(column(x)).mul(across) };
}
