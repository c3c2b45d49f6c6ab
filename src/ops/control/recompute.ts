import { defineOp } from '../declare.js';
import { input } from '../leaves/input.js';
import type { RefArray } from '../reference.js';
import { apply, type Tensor } from '../tensor.js';
import { after } from './after.js';
import { differentiator } from './differentiator.js';
import { capturedBy, pairs, repeat } from './repeat.js';

interface RecomputedAttrs {
  /** How many of the inputs are the body's results, and how many after them its arguments; the rest is captured. */
  readonly results: number;
  readonly given: number;
}

const recomputedOp = defineOp<RecomputedAttrs>({
  name: 'recomputed',
  doc: 'The identity on results whose computation is repeated for the backward pass (Chen et al. 2016, gradient checkpointing).',
  inputs: ['value...'],
  identity: true,
  infer: ({ inputs, attrs: { results }, refuse }) => {
    if (inputs.length < results) throw refuse(`${results} results are expected`);
    return inputs.slice(0, results);
  },
  vjp: ({ inputs, attrs: { results, given }, grads, needs }) => {
    const token = grads.find((g) => g !== undefined);
    if (token === undefined) return [];
    const differentiate = differentiator('recompute');
    const ys = inputs.slice(0, results);
    const sources = inputs.slice(results);
    // Differentiated over fresh leaves: where one source depends on another, or two on one parameter, each gets only its
    // own part of the derivative; the rest of the graph passes the others on.
    const leaves = sources.map((x) => input('source', x.shape, x.dtype));
    const body = repeat(ys, pairs(sources, leaves));
    const wanted = leaves.filter((_, i) => needs[results + i]);
    const seeded = [...grads.keys()].filter((i) => grads[i] !== undefined);
    const gradients = differentiate(
      seeded.map((i) => body[i] as Tensor),
      seeded.map((i) => grads[i] as Tensor),
      wanted,
    );
    const reached = wanted.filter((_, i) => gradients[i] !== undefined);
    const total = gradients.filter((g) => g !== undefined);
    // Then put on the arguments taken anew, so that nothing of the forward pass need be kept but them.
    const anew = sources.map((x, i) => (i < given ? after(x, token) : x));
    const found = repeat(total, pairs(leaves, anew));
    const gradientOf = pairs(reached, found);
    return [...ys.map(() => undefined), ...leaves.map((leaf) => gradientOf.get(leaf))];
  },
  order: 'any',
  lower: (e, { inputs, attrs: { results } }) => inputs.slice(0, results).map((y) => e.one('Identity', [y])),
  reference: (inputs, { results }) => inputs.slice(0, results) as readonly RefArray[],
  cases: [
    { attrs: { results: 1, given: 1 }, inputs: [{ shape: [2, 3], differentiable: false }, { shape: [2, 3] }] },
    {
      attrs: { results: 2, given: 0 },
      inputs: [
        { shape: [2], differentiable: false },
        { shape: [], differentiable: false },
      ],
    },
  ],
});

/**
 * A function whose intermediate values are not kept for the backward pass but computed again there, from its arguments
 * (Chen et al. 2016): about a third more work for the memory of one such part at a time.
 * Dropout masks and everything else that does not depend on the arguments is kept, so gradients are the same, bit for bit.
 * What the function captures (parameters) gets its gradients too.
 * @example const y = recompute((x: Tensor) => block.forward(x))(x);
 */
export function recompute<Args extends readonly Tensor[], Result extends Tensor | readonly Tensor[]>(
  fn: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const result = fn(...args);
    const ys = (Array.isArray(result) ? result : [result]) as readonly Tensor[];
    const given = [...new Set<Tensor>(args)];
    const captured = capturedBy(ys, given);
    const values = apply(recomputedOp, [...ys, ...given, ...captured], { results: ys.length, given: given.length });
    return (Array.isArray(result) ? values : values[0]) as unknown as Result;
  };
}
