import { defineOp } from '../declare.js';
import type { RefArray } from '../reference.js';
import { currentPath } from '../scope.js';
import { applyOne, type Tensor } from '../tensor.js';

export interface TapAttrs {
  /** The site's full name: module path and role. */
  readonly site: string;
}

export const tapOp = defineOp<TapAttrs>({
  name: 'tap',
  doc: 'The identity, with a name: a site that can be captured, replaced or ablated.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    return [x];
  },
  vjp: ({ g }) => [g],
  order: 'any',
  identity: true,
  lower: (e, { inputs }) => [e.one('Identity', inputs)],
  reference: ([x]) => [x as RefArray],
  cases: [{ attrs: { site: 'case' }, inputs: [{ shape: [2, 3] }] }],
});

/** Names a value: inside `blocks.0.attention`, `tap('pattern', x)` is the site `blocks.0.attention.pattern`. Returns x. */
export function tap(role: string, x: Tensor): Tensor {
  const path = currentPath();
  return applyOne(tapOp, [x], { site: path === '' ? role : `${path}.${role}` });
}
