import { elementwiseRule, functions } from './elementwise.js';
import { lookupRule } from './lookup.js';
import { normRule } from './norms.js';
import { sumRule } from './parts.js';
import { linearRule, matmulRule } from './products.js';
import type { Rule } from './rule.js';
import { softmaxRule } from './softmax.js';

/** How each op's elements are explained. An op that is not here is named, with what it was computed from. */
export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...Object.keys(functions).map((name) => [name, elementwiseRule] as const),
  ['add', sumRule],
  ['linear', linearRule],
  ['matmul', matmulRule],
  ['softmax', softmaxRule],
  ['layer_norm', normRule],
  ['rms_norm', normRule],
  ['gather', lookupRule],
]);
