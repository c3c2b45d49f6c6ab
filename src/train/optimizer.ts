import { fail } from '../core/index.js';

/** AdamW's numbers. */
export interface AdamW {
  readonly kind: 'adamw';
  /** Peak learning rate; the schedule scales it. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Applied to matrices only: biases and norms' scales do not decay. */
  readonly weightDecay: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
 * The defaults are nanoGPT's: lr 1e-3, β (0.9, 0.99), ε 1e-8, weight decay 0.1.
 * @throws value: a rate, β, ε or decay outside its range
 */
export function adamW(options: Partial<Omit<AdamW, 'kind'>> = {}): AdamW {
  const { lr = 1e-3, betas = [0.9, 0.99], epsilon = 1e-8, weightDecay = 0.1 } = options;
  const check = (name: string, value: number, ok: boolean, rule: string): void => {
    if (!ok) throw fail('value', { where: 'adamW', rule: `${name} ${rule}`, got: String(value) });
  };
  check('lr', lr, lr > 0 && Number.isFinite(lr), 'is above 0');
  for (const beta of betas) check('beta', beta, beta >= 0 && beta < 1, 'lies in [0, 1)');
  check('epsilon', epsilon, epsilon > 0, 'is above 0');
  check('weightDecay', weightDecay, weightDecay >= 0 && lr * weightDecay < 1, 'is at least 0, and below 1/lr');
  return { kind: 'adamw', lr, betas, epsilon, weightDecay };
}
