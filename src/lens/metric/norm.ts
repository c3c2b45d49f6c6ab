import { fail } from '../../core/index.js';
import { parseOneAddress, selectAddresses } from '../address.js';
import { sliced } from '../capture.js';
import type { MetricKind } from './kind.js';
import type { Norm } from './metric.js';

export const norm: MetricKind<Norm> = {
  doc: "‖x‖₂ of a site's values",
  arrays: ({ at }, { sites }) => {
    const found = selectAddresses([parseOneAddress(at)], new Map([...sites].map(([name, { shape }]) => [name, shape])));
    const [only] = found;
    const stacked = sites.get(only?.site ?? '')?.stacked;
    if (
      only === undefined ||
      only.site !== parseOneAddress(at).glob ||
      only.gradient ||
      stacked ||
      (only.parts[0] ?? { kind: 'all' }).kind !== 'all'
    ) {
      throw fail('value', { where: 'norm', rule: 'one site by its whole name, all rows of it, outside of loops', got: at });
    }
    return {};
  },
  trace: ({ at }, { site }) => {
    const { glob, parts } = parseOneAddress(at);
    const value = sliced(site(glob), parts);
    const axis = value.shape.flatMap((_, a) => (a === 0 ? [] : [a]));
    return value.mul(value).sum({ axis }).sqrt();
  },
};
