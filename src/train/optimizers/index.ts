import { fail, nearest } from '../../core/index.js';
import { type Adafactor, adafactorRule } from './adafactor.js';
import { type AdamW, adamWRule } from './adamw.js';
import { type Lion, lionRule } from './lion.js';
import { type Muon, muonRule } from './muon.js';
import type { UpdateRule } from './rule.js';
import { type Sgd, sgdRule } from './sgd.js';

export { type Adafactor, adafactor } from './adafactor.js';
export { type AdamW, adamW } from './adamw.js';
export { type Lion, lion } from './lion.js';
export { type Muon, type MuonOptions, muon } from './muon.js';
export type { OptimizerProgram, ParameterInfo, Place, Update, UpdateRule } from './rule.js';
export { type Sgd, sgd } from './sgd.js';

/** An optimiser as plain data: what its constructor made. */
export type Optimizer = AdamW | Sgd | Lion | Adafactor | Muon;

type RuleByKind = { readonly [Kind in Optimizer['kind']]: UpdateRule<Extract<Optimizer, { kind: Kind }>> };

const rules: RuleByKind = { adamw: adamWRule, sgd: sgdRule, lion: lionRule, adafactor: adafactorRule, muon: muonRule };

/** How an optimiser updates parameters. @throws name: an optimiser we do not know */
export function ruleOf<O extends Optimizer>(optimizer: O): UpdateRule<O> {
  const { kind } = optimizer;
  // A record of another version may name what is not there; `Object.hasOwn`, for 'constructor' is in every object.
  if (!Object.hasOwn(rules, kind)) {
    const known = Object.keys(rules);
    throw fail('name', {
      where: 'optimizer',
      rule: `kind is one of ${known.join(', ')}`,
      got: `'${kind}'`,
      fix: `The nearest is ${nearest(String(kind), known, 1)[0]}`,
    });
  }
  // The rule of a kind takes the options of that kind: true of every entry of the table, which TypeScript cannot follow.
  return rules[kind] as UpdateRule<O>;
}
