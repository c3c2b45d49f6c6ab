import { sizeOf } from '../../core/index.js';
import type { ScanAttrs } from '../../ops/control/scan-body.js';
import { topological } from '../../ops/graph.js';
import type { Node, Tensor } from '../../ops/index.js';

/**
 * Multiplications with an addition that the matrix products and convolutions of some outputs take: per product, its elements
 * times the inner size; a loop's steps each count. Everything else, elementwise passes, is left out.
 * @param outputs of known sizes
 */
export function multiplyAdds(outputs: readonly Tensor[]): number {
  return topological(outputs).reduce((sum, node) => sum + ofNode(node), 0);
}

function ofNode(node: Node): number {
  const [first, second] = node.inputs;
  const elements = Number(sizeOf(node.outputs[0]?.shape ?? []));
  const { attrs } = node as { readonly attrs: unknown };
  switch (node.op.name) {
    case 'linear':
      return elements * Number(first?.shape.at(-1));
    case 'matmul':
      return elements * Number(first?.shape.at((attrs as { readonly transposeA: boolean }).transposeA ? -2 : -1));
    case 'conv':
      return elements * Number(sizeOf(second?.shape.slice(1) ?? []));
    case 'scan': {
      const { body } = attrs as ScanAttrs;
      return Number(node.inputs[body.carries]?.shape[0]) * multiplyAdds(body.outputs);
    }
    default:
      return 0;
  }
}
