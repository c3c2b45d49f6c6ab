import { equalShapes, fail, formatShape, isFloat } from '../core/index.js';
import { topological } from '../ops/graph.js';
import { asTensor, type Node, type Tensor, withPath } from '../ops/index.js';

/**
 * Reverse-mode differentiation (Linnainmaa 1970): the gradients of a scalar by the given tensors, as more graph.
 * Nodes are visited from the loss backwards; each op's vjp turns gradients by its outputs into gradients by its inputs.
 * @param loss a scalar, or any tensor when `seed` (of its shape) says what to weigh its elements with
 * @returns one gradient per tensor of `wrt`, of its shape; zeros where the loss does not depend on it
 * @throws shape: the loss is not a scalar, or the seed not of its shape and dtype
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  if (seed === undefined && loss.rank !== 0) {
    throw fail('shape', {
      where: 'gradients',
      rule: 'the loss is a scalar (shape [])',
      got: `[${loss.shape}]`,
      fix: 'Reduce it with sum or mean',
    });
  }
  if (seed !== undefined && (!equalShapes(seed.shape, loss.shape) || seed.dtype !== loss.dtype)) {
    throw fail('shape', {
      where: 'gradients',
      rule: `a seed like the loss, ${formatShape(loss.shape)} ${loss.dtype}`,
      got: `${formatShape(seed.shape)} ${seed.dtype}`,
    });
  }
  if (!isFloat(loss.dtype)) throw fail('dtype', { where: 'gradients', rule: 'a float loss', got: loss.dtype });
  return vectorJacobian([loss], [seed ?? asTensor(1, loss)], wrt);
}

/**
 * The gradients of Σ_k ⟨seed_k, y_k⟩ by the given tensors: one pass backwards over all outputs together.
 * @param ys float @param seeds of their shapes
 */
export function vectorJacobian(ys: readonly Tensor[], seeds: readonly Tensor[], wrt: readonly Tensor[]): Tensor[] {
  return reachedGradients(ys, seeds, wrt).map((g, i) => g ?? zerosLike(wrt[i] as Tensor));
}

function zerosLike(x: Tensor): Tensor {
  return asTensor(0, x).expand(x.shape);
}

/** The same; `undefined` where nothing depends on a tensor, so that rules made of other gradients pass no zeros on. */
export function reachedGradients(ys: readonly Tensor[], seeds: readonly Tensor[], wrt: readonly Tensor[]): (Tensor | undefined)[] {
  const order = topological(ys);
  const wanted = dependents(order, wrt);
  const targets = new Set(wrt);
  const grads = new Map<Tensor, Tensor>();
  const add = (x: Tensor, g: Tensor): void => {
    const before = grads.get(x);
    grads.set(x, before === undefined ? g : before.add(g));
  };
  ys.forEach((y, k) => {
    add(y, seeds[k] as Tensor);
  });
  for (const node of order.reverse()) {
    if (!wanted.has(node) || node.op.vjp === 'none' || node.inputs.length === 0) continue;
    const incoming = node.outputs.map((y) => grads.get(y));
    const first = incoming.find((g) => g !== undefined);
    if (first === undefined) continue;
    const { vjp } = node.op;
    const needs = node.inputs.map((x) => isFloat(x.dtype) && (wanted.has(x.node) || targets.has(x)));
    // Gradients carry the path of the module whose forward pass they undo, for names and errors.
    const results = withPath(node.path, () =>
      vjp({ inputs: node.inputs, outputs: node.outputs, attrs: node.attrs, grads: incoming, g: incoming[0] ?? first, needs }),
    );
    node.inputs.forEach((x, i) => {
      const g = results[i];
      if (g !== undefined && needs[i]) withPath(node.path, () => add(x, g));
    });
  }
  return wrt.map((x) => grads.get(x));
}

/** The nodes that lie between `wrt` and the outputs: only these need differentiating. */
function dependents(order: readonly Node[], wrt: readonly Tensor[]): Set<Node> {
  const reached = new Set<Node>(wrt.map((t) => t.node));
  for (const node of order) if (node.inputs.some((x) => reached.has(x.node))) reached.add(node);
  return reached;
}
