import { scanOp } from '../../../ops/control/scan.js';
import type { Tensor } from '../../../ops/index.js';
import { flatOf, indexOf } from '../../protocol/index.js';

/** One element of a tensor. */
export interface Place {
  readonly tensor: Tensor;
  readonly index: readonly number[];
}

/** Where an element of a moved tensor lay before: ops that compute nothing, only lay out anew. */
type Move = (node: Tensor['node'], index: readonly number[], output: number) => Place | undefined;

const first = (node: Tensor['node']): Tensor => node.inputs[0] as Tensor;
const sizes = (tensor: Tensor): readonly number[] => tensor.shape as readonly number[];
const same: Move = (node, index) => ({ tensor: first(node), index });

const moves: Readonly<Record<string, Move>> = {
  stop_gradient: same,
  recomputed: same,
  after: same,
  cast: same,
  reshape: (node, index) => {
    const flat = flatOf(index, sizes(node.outputs[0] as Tensor));
    return { tensor: first(node), index: indexOf(flat, sizes(first(node))) };
  },
  transpose: (node, index) => {
    const { permutation } = node.attrs as { readonly permutation: readonly number[] };
    return { tensor: first(node), index: permutation.map((_, axis) => index[permutation.indexOf(axis)] as number) };
  },
  split: (node, index, output) => {
    const { sizes: parts, axis } = node.attrs as { readonly sizes: readonly number[]; readonly axis: number };
    const before = parts.slice(0, output).reduce((a, b) => a + b, 0);
    return { tensor: first(node), index: index.map((i, a) => (a === axis ? i + before : i)) };
  },
  slice: (node, index) => {
    const { ranges } = node.attrs as { readonly ranges: readonly (readonly [number, number] | null)[] };
    return { tensor: first(node), index: index.map((i, axis) => i + (ranges[axis]?.[0] ?? 0)) };
  },
  expand: (node, index) => ({ tensor: first(node), index: broadcastIndex(index, sizes(first(node))) }),
  concat: (node, index) => {
    const { axis } = node.attrs as { readonly axis: number };
    let rest = index[axis] as number;
    for (const tensor of node.inputs) {
      const size = sizes(tensor)[axis] as number;
      if (rest < size) return { tensor, index: index.map((i, a) => (a === axis ? rest : i)) };
      rest -= size;
    }
    return undefined;
  },
};

/** The index in a tensor that was stretched to a larger shape: axes of size 1 stay at 0, missing ones are left out. */
export function broadcastIndex(index: readonly number[], shape: readonly number[]): number[] {
  return shape.map((size, axis) => (size === 1 ? 0 : (index[index.length - shape.length + axis] as number)));
}

/** Where an element came from, through ops that only lay out anew, up to a named value or one that was computed. */
export function originOf(place: Place): Place {
  let { tensor, index } = place;
  for (;;) {
    const move = moves[tensor.node.op.name];
    const before = move?.(tensor.node, index, tensor.index);
    if (before === undefined) return { tensor, index };
    ({ tensor, index } = before);
  }
}

/** What computed an element: a tap is a name, so its input's origin. */
export function computedAt(place: Place): Place {
  let origin = originOf(place);
  while (origin.tensor.node.op.name === 'tap') origin = originOf({ tensor: first(origin.tensor.node), index: origin.index });
  return origin;
}

/** Whether a tensor is made by a loop, whose steps are graphs of their own. */
export function isLooped({ node }: Tensor): boolean {
  return node.op.name === scanOp.name;
}
