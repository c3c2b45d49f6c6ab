import { fail } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import { belowOne, checkRange, notNegative, positive } from './ranges.js';
import type { UpdateRule } from './rule.js';

/** SGD's numbers. */
export interface Sgd {
  readonly kind: 'sgd';
  /** Peak learning rate; the schedule scales it. */
  readonly lr: number;
  /** μ, of the running sum of gradients; 0 keeps none. */
  readonly momentum: number;
  /** Looks ahead along the momentum (Nesterov 1983). */
  readonly nesterov: boolean;
  /** τ: later gradients enter the momentum with the factor 1 - τ. */
  readonly dampening: number;
  /** λ, added to the gradient as λp: an L2 penalty, not a decoupled decay. Of matrices only, unless a group says otherwise. */
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; Sutskever et al. 2013), in PyTorch's form:
 * d = g + λp; b = μb + (1-τ)d, and b = d at the first step; p = p - lr·b, with Nesterov's p = p - lr·(d + μb).
 * @throws value: a number outside its range; Nesterov's form without momentum or with dampening
 */
export function sgd(options: Partial<Omit<Sgd, 'kind'>> = {}): Sgd {
  const { lr = 0.1, momentum = 0, nesterov = false, dampening = 0, weightDecay = 0 } = options;
  checkRange('sgd', 'lr', lr, positive);
  checkRange('sgd', 'momentum', momentum, belowOne);
  checkRange('sgd', 'dampening', dampening, { rule: 'lies in [0, 1]', holds: (x) => x >= 0 && x <= 1 });
  checkRange('sgd', 'weightDecay', weightDecay, notNegative);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw fail('value', {
      where: 'sgd',
      rule: 'nesterov needs a momentum above 0 and no dampening',
      got: `momentum ${momentum}, dampening ${dampening}`,
      fix: 'Use momentum 0.9 and dampening 0, or leave nesterov out',
    });
  }
  return { kind: 'sgd', lr, momentum, nesterov, dampening, weightDecay };
}

export const sgdRule: UpdateRule<Sgd> = {
  slots: ({ momentum }, { shape }) => (momentum === 0 ? {} : { momentum: shape }),
  update(options, { size, parameter, gradient, slots }, { kernels, t, rate, decays, gradientScale }) {
    const { momentum, nesterov, dampening } = options;
    const lr = options.lr * rate;
    const decay = decays ? options.weightDecay : 0;
    if (momentum === 0) {
      kernels.descend(parameter, gradient, size, lr * decay, lr * gradientScale);
      return;
    }
    const [own, look] = nesterov ? [1, momentum] : [0, 1];
    const take = t === 1 ? 1 : 1 - dampening;
    kernels.sgd(parameter, gradient, slots.momentum as number, size, lr, momentum, take, own, look, decay, gradientScale);
  },
  numbers: ({ momentum, dampening }, t) => (momentum === 0 ? {} : { take: t === 1 ? 1 : 1 - dampening }),
  trace(options, { parameter, gradient, slots }, { numbers, rate, decays }) {
    const { momentum, nesterov } = options;
    const direction = decays && options.weightDecay > 0 ? gradient.add(parameter.mul(options.weightDecay)) : gradient;
    const stepRate = rate.mul(options.lr);
    if (momentum === 0) return { parameter: parameter.sub(direction.mul(stepRate)), slots: {} };
    const sum = (slots.momentum as Tensor).mul(momentum).add(direction.mul(numbers.take as Tensor));
    const followed = nesterov ? direction.add(sum.mul(momentum)) : sum;
    return { parameter: parameter.sub(followed.mul(stepRate)), slots: { momentum: sum } };
  },
};
