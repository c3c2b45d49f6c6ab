import type { Tensor } from '../../ops/index.js';
import { attentionRowSums } from './attention-row-sums.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { dropIdentities } from './drop-identities.js';
import { foldConstants } from './fold-constants.js';
import { foldScales } from './fold-scales.js';
import { foldTransposes } from './fold-transposes.js';
import { mergeNeighbours } from './merge-neighbours.js';
import { mergeReshapes } from './merge-reshapes.js';
import { mergeScans } from './merge-scans.js';
import { filesOfParameters, readAsStored } from './read-as-stored.js';
import { sliceBeforeProduct } from './slice-before-product.js';

/** The passes, in the order they help each other. Dead code needs none: only what outputs reach is ever lowered. */
export const passes = [
  mergeScans,
  dropIdentities,
  mergeReshapes,
  sliceBeforeProduct,
  commonSubexpressions,
  foldConstants,
  commonSubexpressions,
  foldTransposes,
  foldScales,
  attentionRowSums,
  commonSubexpressions,
] as const;

export function optimize(outputs: readonly Tensor[]): readonly Tensor[] {
  return passes.reduce((graph, pass) => pass(graph), outputs);
}

export {
  attentionRowSums,
  commonSubexpressions,
  dropIdentities,
  filesOfParameters,
  foldConstants,
  foldScales,
  foldTransposes,
  mergeNeighbours,
  mergeReshapes,
  mergeScans,
  readAsStored,
  sliceBeforeProduct,
};
