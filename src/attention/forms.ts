import { type FormDeclaration, stateSpaceForms } from '../nn/index.js';
import { positionForms } from '../position/index.js';
import { approximateForms } from './approximate/index.js';
import { biasForms } from './biases/index.js';
import { maskForms } from './masks/index.js';
import { mixForms } from './mixes/index.js';
import { normaliserForms } from './normalisers/index.js';
import { retentionForms } from './retention/index.js';
import { scoreForms } from './scores/index.js';
import { structureForms } from './structures/index.js';

/** Every form of attention by the part that it is, as docs/attention.md lists them. */
export const forms: Readonly<Record<string, readonly FormDeclaration[]>> = {
  Scores: scoreForms,
  Masks: maskForms,
  Biases: biasForms,
  Normalisers: normaliserForms,
  Mixes: mixForms,
  Structures: structureForms,
  Approximations: approximateForms,
  Retention: retentionForms,
  'State spaces': stateSpaceForms,
  Positions: positionForms,
};
