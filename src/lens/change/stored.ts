import { fail } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Stored } from './intervention.js';
import type { Kind } from './kind.js';
import { chosenPart, laidOut } from './places.js';

/** What mean and resample ablation and frozen patterns are once their values are known. */
export function storedKind(doc: string): Kind<Stored> {
  return {
    doc,
    // What is stored is what the address names; words choose of it.
    arrays: ({ values, at }, { site }, where) => {
      const { name } = site;
      const own = Object.hasOwn(values, name) ? values[name] : undefined;
      if (own !== undefined) return { value: laidOut(own, chosenPart({ at }, site), where) };
      throw fail('name', { where, rule: 'a stored value for each site', got: `none for ${name}` });
    },
    apply: (value, arrays) => (arrays.value as Tensor).expand(value.shape),
    toJson: ({ values }, pack) => ({ values: Object.fromEntries(Object.entries(values).map(([site, array]) => [site, pack(array)])) }),
    fromJson: (fields) => {
      const stored = fields.object('values');
      return { values: Object.fromEntries(stored.names().map((site) => [site, stored.array(site)])) };
    },
  };
}
