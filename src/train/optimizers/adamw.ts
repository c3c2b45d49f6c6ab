import type { Tensor } from '../../ops/index.js';
import { checkBetas, checkDecoupledDecay, checkRange, positive } from './ranges.js';
import type { UpdateRule } from './rule.js';

/** AdamW's numbers. */
export interface AdamW {
  readonly kind: 'adamw';
  /** Peak learning rate; the schedule scales it. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Applied to matrices only, unless a group says otherwise: biases and norms' scales do not decay. */
  readonly weightDecay: number;
}

/**
 * Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2):
 * m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; p = p - lr·(m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε) + λp).
 * The defaults are nanoGPT's: lr 1e-3, β (0.9, 0.99), ε 1e-8, weight decay λ 0.1.
 * @throws value: a rate, β, ε or decay outside its range
 */
export function adamW(options: Partial<Omit<AdamW, 'kind'>> = {}): AdamW {
  const { lr = 1e-3, betas = [0.9, 0.99], epsilon = 1e-8, weightDecay = 0.1 } = options;
  checkDecoupledDecay('adamw', lr, weightDecay);
  checkBetas('adamw', betas);
  checkRange('adamw', 'epsilon', epsilon, positive);
  return { kind: 'adamw', lr, betas, epsilon, weightDecay };
}

export const adamWRule: UpdateRule<AdamW> = {
  slots: (_, { shape }) => ({ first_moment: shape, second_moment: shape }),
  update({ lr, betas, epsilon, weightDecay }, { size, parameter, gradient, slots }, { kernels, t, rate, decays, gradientScale }) {
    const [beta1, beta2] = betas;
    const stepRate = lr * rate;
    kernels.adamw(
      parameter,
      gradient,
      slots.first_moment as number,
      slots.second_moment as number,
      size,
      beta1,
      beta2,
      decays ? 1 - stepRate * weightDecay : 1,
      stepRate / (1 - beta1 ** t),
      1 / Math.sqrt(1 - beta2 ** t),
      epsilon,
      gradientScale,
    );
  },
  numbers: ({ betas: [beta1, beta2] }, t) => ({ first: 1 / (1 - beta1 ** t), second: 1 / Math.sqrt(1 - beta2 ** t) }),
  trace({ lr, betas, epsilon, weightDecay }, { parameter, gradient, slots }, { numbers, rate, decays }) {
    const [beta1, beta2] = betas;
    const { first, second } = numbers as Record<'first' | 'second', Tensor>;
    const m = (slots.first_moment as Tensor).mul(beta1).add(gradient.mul(1 - beta1));
    const v = (slots.second_moment as Tensor).mul(beta2).add(gradient.mul(gradient).mul(1 - beta2));
    const stepRate = rate.mul(lr);
    const step = m.mul(stepRate.mul(first)).div(v.sqrt().mul(second).add(epsilon));
    const change = decays ? parameter.mul(stepRate.mul(weightDecay)).add(step) : step;
    return { parameter: parameter.sub(change), slots: { first_moment: m, second_moment: v } };
  },
};
