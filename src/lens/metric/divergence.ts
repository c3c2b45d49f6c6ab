import { fail } from '../../core/index.js';
import { logSoftmax, type Tensor } from '../../ops/index.js';
import type { MetricKind } from './kind.js';
import type { Divergence } from './metric.js';
import { checkPosition, logitsAt, logitsShape } from './predictions.js';

export const divergence: MetricKind<Divergence> = {
  doc: 'KL(clean ‖ run) in nats, of the predictions at a position',
  arrays: ({ clean, position }, inputs) => {
    checkPosition(position, inputs);
    const vocabulary = logitsShape(inputs).at(-1) as number;
    const rows = clean?.shape[0];
    if (clean?.shape.length === 2 && clean.shape[1] === vocabulary && (rows === 1 || rows === inputs.rows)) return { clean };
    throw fail('value', {
      where: 'kl',
      rule: `a clean run's logits, [1,${vocabulary}] or [${inputs.rows},${vocabulary}]`,
      got: clean === undefined ? 'none' : `[${clean.shape}]`,
    });
  },
  trace: ({ position }, run) => {
    const [clean, now] = [run.arrays.clean as Tensor, logitsAt(run, position)].map((x) => logSoftmax(x)) as [Tensor, Tensor];
    return clean.exp().mul(clean.sub(now)).sum({ axis: 1 });
  },
};
