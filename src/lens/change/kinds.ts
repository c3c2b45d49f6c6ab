import { addKind } from './add.js';
import { cutKind } from './cut.js';
import { functionKind } from './function.js';
import type { Intervention } from './intervention.js';
import type { Kind } from './kind.js';
import { scaleKind } from './scale.js';
import { storedKind } from './stored.js';
import { valueKind } from './value.js';
import { zeroKind } from './zero.js';

type Kinds = { readonly [K in Intervention['kind']]: Kind<Extract<Intervention, { readonly kind: K }>> };

/** Every kind of intervention there is. */
export const kinds: Kinds = {
  zero: zeroKind,
  mean: storedKind('the mean over reference prompts (mean ablation)') as Kinds['mean'],
  resample: storedKind('what another prompt gave (resample ablation, activation patching)') as Kinds['resample'],
  freeze: storedKind('attention held to the patterns of another run') as Kinds['freeze'],
  value: valueKind,
  add: addKind,
  scale: scaleKind,
  cut: cutKind,
  function: functionKind,
};

/** The kind of an intervention, whose own type it takes. */
export function kindOf(intervention: Intervention): Kind<Intervention> {
  return kinds[intervention.kind] as unknown as Kind<Intervention>;
}
