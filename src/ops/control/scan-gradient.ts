import { isFloat } from '../../core/index.js';
import type { VjpContext } from '../declare.js';
import { substitute, topological } from '../graph.js';
import { zeros } from '../leaves/fill.js';
import type { Node, Tensor } from '../tensor.js';
import { differentiator } from './differentiator.js';
import { dependents, type ScanAttrs, type ScanBody, scanValue } from './scan-body.js';
import { productsOfSteps } from './scan-products.js';

/** How scans are made: the op's own file knows. */
interface Scans {
  /** A scan that also stacks other values of its steps: these. */
  readonly extend: (scan: Node, added: readonly Tensor[]) => readonly Tensor[];
  readonly scan: (inputs: readonly Tensor[], attrs: ScanAttrs) => readonly Tensor[];
}

/**
 * The gradient of a scan is a scan from the other end (backpropagation through time, Werbos 1990). Its step is the step's
 * own gradient. What that reads of the forward steps is stacked by the forward scan, not computed again; and where a
 * captured matrix gets Σ_t a_tᵀ g_t, the a_t and g_t are stacked and multiplied once, after the loop.
 */
export function scanGradient({ inputs, outputs, attrs, grads, needs }: VjpContext<ScanAttrs>, scans: Scans): (Tensor | undefined)[] {
  const { body, reverse, carrySums = false } = attrs;
  const { carries, sequences, params } = body;
  const isCarry = (i: number): boolean => i < carries;
  const isSequence = (i: number): boolean => i >= carries && i < carries + sequences;

  // 1. The gradient of one step, over leaves that stand for the gradients of its outputs.
  const seeds = body.outputs.map((y, i) => (isFloat(y.dtype) && (isCarry(i) || grads[i] !== undefined) ? scanValue(y) : undefined));
  const seeded = [...seeds.keys()].filter((i) => seeds[i] !== undefined);
  const reached = reachable(seeded.map((i) => body.outputs[i] as Tensor));
  const wanted = [...params.keys()].filter((i) => {
    const param = params[i] as Tensor;
    return isFloat(param.dtype) && (isCarry(i) || (needs[i] === true && reached.has(param.node)));
  });
  const stepGradients = differentiator('scan')(
    seeded.map((i) => body.outputs[i] as Tensor),
    seeded.map((i) => seeds[i] as Tensor),
    wanted.map((i) => params[i] as Tensor),
  ).map((g, k) => g ?? zerosLike(params[wanted[k] as number] as Tensor));

  // 2. What it reads of the forward step is stacked there, and read here as a sequence.
  const residuals = forwardValues(stepGradients, body);
  const stacked = scans.extend((outputs[0] as Tensor).node, residuals);
  const leaves = residuals.map(scanValue);
  const local = substitute(stepGradients, new Map(residuals.map((r, k) => [r, leaves[k] as Tensor])));
  const gradientOf = new Map(wanted.map((i, k) => [i, local[k] as Tensor]));

  // 3. Sums over steps that are products of what is stacked leave the loop; the others are carried along.
  const streams = new Map<Tensor, Tensor>(leaves.map((leaf, k) => [leaf, stacked[k] as Tensor]));
  for (const i of seeded) if (!isCarry(i)) streams.set(seeds[i] as Tensor, grads[i] as Tensor);
  params.forEach((p, i) => {
    if (isSequence(i)) streams.set(p, inputs[i] as Tensor);
  });
  const captured = wanted.filter((i) => !isCarry(i) && !isSequence(i));
  const products = captured.map((i) => productsOfSteps(gradientOf.get(i) as Tensor, carrySums));
  const rests = captured.flatMap((i, k) => {
    const { rest } = products[k] as { rest: Tensor | undefined };
    return rest === undefined ? [] : [{ i, rest, sum: scanValue(rest) }];
  });

  // 4. The backward scan.
  const states = seeded.filter(isCarry);
  const slopes = wanted.filter(isSequence);
  const operands = [...new Set(products.flatMap(({ terms }) => terms.flatMap((t) => t.operands)))].filter((t) => !streams.has(t));
  const results = [
    ...states.map((i) => gradientOf.get(i) as Tensor),
    ...rests.map(({ rest, sum }) => sum.add(rest)),
    ...slopes.map((i) => gradientOf.get(i) as Tensor),
    ...operands,
  ];
  const read = reachable(results);
  const used = [...streams.keys()].filter((leaf) => read.has(leaf.node));
  if (used.length === 0) used.push(params[carries] as Tensor); // a scan runs along something
  const closed = params.flatMap((p, i) => (!isCarry(i) && !isSequence(i) && read.has(p.node) ? [i] : []));
  const back: ScanBody = {
    params: [...states.map((i) => seeds[i] as Tensor), ...rests.map(({ sum }) => sum), ...used, ...closed.map((i) => params[i] as Tensor)],
    carries: states.length + rests.length,
    sequences: used.length,
    outputs: results,
  };
  const given = [
    ...states.map((i) => grads[i] ?? zeros((outputs[i] as Tensor).shape, (outputs[i] as Tensor).dtype)),
    ...rests.map(({ rest }) => zeros(rest.shape, rest.dtype)),
    ...used.map((leaf) => streams.get(leaf) as Tensor),
    ...closed.map((i) => inputs[i] as Tensor),
  ];
  const found = scans.scan(given, { body: back, reverse: !reverse, carrySums });

  // 5. Each input's part of it.
  const gradients: (Tensor | undefined)[] = inputs.map(() => undefined);
  states.forEach((i, k) => {
    gradients[i] = found[k];
  });
  const firstSlope = back.carries;
  slopes.forEach((i, k) => {
    gradients[i] = found[firstSlope + k];
  });
  operands.forEach((t, k) => {
    streams.set(t, found[firstSlope + slopes.length + k] as Tensor);
  });
  captured.forEach((i, k) => {
    const terms = (products[k] as ReturnType<typeof productsOfSteps>).terms.map((t) =>
      t.overSteps(t.operands.map((x) => streams.get(x) as Tensor)),
    );
    const rest = rests.findIndex((r) => r.i === i);
    const all = rest < 0 ? terms : [...terms, found[states.length + rest] as Tensor];
    gradients[i] = all.reduce((a, b) => a.add(b));
  });
  return gradients.map((g, i) => (needs[i] ? g : undefined));
}

function zerosLike({ shape, dtype }: Tensor): Tensor {
  return zeros(shape, dtype);
}

function reachable(outputs: readonly Tensor[]): Set<Node> {
  return new Set(topological(outputs));
}

/** The values of the forward step that gradients read: computed by it, or carried into it. In the order they are met. */
function forwardValues(gradients: readonly Tensor[], body: ScanBody): readonly Tensor[] {
  const inside = dependents(body);
  const carried = new Set(body.params.slice(0, body.carries));
  const found = new Set<Tensor>();
  const seen = new Set<Node>();
  const stack = [...gradients];
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (inside.has(t.node) || carried.has(t)) found.add(t);
    else if (!seen.has(t.node)) {
      seen.add(t.node);
      stack.push(...t.node.inputs);
    }
  }
  return [...found];
}
