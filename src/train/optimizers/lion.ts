import type { Tensor } from '../../ops/index.js';
import { checkBetas, checkDecoupledDecay } from './ranges.js';
import type { UpdateRule } from './rule.js';

/** Lion's numbers. */
export interface Lion {
  readonly kind: 'lion';
  /** Peak learning rate; the schedule scales it. Every element moves by it at every step: 3 to 10 times below AdamW's. */
  readonly lr: number;
  readonly betas: readonly [number, number];
  /** Of matrices only, unless a group says otherwise. 3 to 10 times above AdamW's, since the learning rate is below. */
  readonly weightDecay: number;
}

/**
 * Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2), with decoupled weight decay λ:
 * c = β₁m + (1-β₁)g; p = p - lr·(sign(c) + λp); m = β₂m + (1-β₂)g. It remembers half as much as AdamW.
 * The defaults are the paper's β (0.9, 0.99), with lr 1e-4 and λ 1: the decay lr·λ of our AdamW.
 * @throws value: a rate, β or decay outside its range
 */
export function lion(options: Partial<Omit<Lion, 'kind'>> = {}): Lion {
  const { lr = 1e-4, betas = [0.9, 0.99], weightDecay = 1 } = options;
  checkDecoupledDecay('lion', lr, weightDecay);
  checkBetas('lion', betas);
  return { kind: 'lion', lr, betas, weightDecay };
}

export const lionRule: UpdateRule<Lion> = {
  slots: (_, { shape }) => ({ momentum: shape }),
  update({ lr, betas, weightDecay }, { size, parameter, gradient, slots }, { kernels, rate, decays, gradientScale }) {
    const stepRate = lr * rate;
    const shrink = decays ? stepRate * weightDecay : 0;
    kernels.lion(parameter, gradient, slots.momentum as number, size, stepRate, betas[0], betas[1], shrink, gradientScale);
  },
  numbers: () => ({}),
  trace({ lr, betas, weightDecay }, { parameter, gradient, slots }, { rate, decays }) {
    const momentum = slots.momentum as Tensor;
    const mixed = (beta: number): Tensor => momentum.mul(beta).add(gradient.mul(1 - beta));
    const direction = mixed(betas[0]);
    const sign = direction.greater(0).cast('float32').sub(direction.less(0).cast('float32'));
    const stepRate = rate.mul(lr);
    const step = sign.mul(stepRate);
    const change = decays ? parameter.mul(stepRate.mul(weightDecay)).add(step) : step;
    return { parameter: parameter.sub(change), slots: { momentum: mixed(betas[1]) } };
  },
};
