import { fail } from '../../core/index.js';
import { type LanguageModel, layerOf } from '../../models/index.js';
import {
  adafactor,
  adamW,
  constant,
  cosine,
  inverseSqrt,
  linear,
  lion,
  muon,
  type Optimizer,
  type ParameterGroup,
  type Schedule,
  sgd,
  warmupStableDecay,
} from '../../train/index.js';
import type { Settings } from './settings.js';

/** The optimiser that settings name. */
export function optimizerOf({ optimizer, lr, beta1, beta2, epsilon, momentum, weightDecay }: Settings): Optimizer {
  const betas = [beta1, beta2] as const;
  switch (optimizer) {
    case 'adamw':
      return adamW({ lr, betas, epsilon, weightDecay });
    case 'sgd':
      return sgd({ lr, momentum, weightDecay });
    case 'lion':
      return lion({ lr, betas, weightDecay });
    case 'adafactor':
      return adafactor({ lr, weightDecay });
    case 'muon':
      return muon({ lr, momentum, weightDecay, others: adamW({ betas, weightDecay }) });
  }
}

/** The schedule that settings name. */
export function scheduleOf({ schedule, warmup, steps, lr, minLr, decaySteps }: Settings): Schedule {
  const floor = minLr / lr;
  switch (schedule) {
    case 'cosine':
      return cosine({ warmup, steps, floor });
    case 'linear':
      return linear({ warmup, steps, floor });
    case 'inverse-sqrt':
      return inverseSqrt({ warmup });
    case 'constant':
      return constant({ warmup });
    case 'wsd':
      return warmupStableDecay({ warmup, steps, floor, decay: decaySteps });
  }
}

/**
 * Learning rates by layer, by name, and what is frozen.
 * @throws value: a list of rates that cannot be read
 */
export function groupsOf({ freeze, rates, layerDecay, layers }: Settings, model: LanguageModel): ParameterGroup[] {
  const groups: ParameterGroup[] = [];
  if (layerDecay < 1) {
    // The top layer learns at the full rate, each below it at a factor less (Howard and Ruder 2018; Clark et al. 2020).
    for (const name of model.parameters().keys()) {
      const below = layers - (layerOf(name, layers) ?? layers);
      if (below > 0) groups.push({ match: name, rate: layerDecay ** below });
    }
  }
  for (const part of rates === '' ? [] : rates.split(',')) {
    const [match = '', factor = ''] = part.split('=').map((p) => p.trim());
    const rate = factor === '' ? Number.NaN : Number(factor);
    if (match === '' || !(rate >= 0 && Number.isFinite(rate))) {
      throw fail('value', {
        where: '--rates',
        rule: 'globs of parameters with factors, such as "tokens.*=0.1"',
        got: JSON.stringify(part),
        fix: 'Write --rates "GLOB=FACTOR,GLOB=FACTOR", each factor from 0',
      });
    }
    groups.push({ match, rate });
  }
  if (freeze !== '') groups.push({ match: freeze, frozen: true });
  return groups;
}
