import { topological } from '../../ops/graph.js';
import { Parameter, parameterTensor, type StoredValues, split, type Tensor } from '../../ops/index.js';
import { makeNode, type Node } from '../../ops/tensor.js';
import { largestPart, parameterOf } from './read-as-stored.js';
import { rewrite } from './rewrite.js';

/** A product whose weight lies in a file, row by row of its output: [out,in]. */
interface Product {
  readonly node: Node;
  readonly stored: StoredValues;
  readonly width: number;
  readonly inner: number;
}

/**
 * Products of the same rows whose weights lie behind one another in a file are one product, whose columns are then parted:
 * published files are sorted by name, so a layer's gate and up lie so, and often queries and values. For one row, a
 * product costs the reading of its weights, and each a start and an end at which threads wait for each other.
 */
export function mergeNeighbours(outputs: readonly Tensor[], folder: string): readonly Tensor[] {
  const merged = new Map<Node, { readonly group: readonly Product[]; parts?: readonly Tensor[] }>();
  for (const group of neighbours(outputs, folder)) {
    const entry = { group };
    for (const { node } of group) merged.set(node, entry);
  }
  return rewrite(outputs, (node, [x]) => {
    const entry = merged.get(node);
    if (entry === undefined) return undefined;
    const { group } = entry;
    entry.parts ??= split(
      productOf(x as Tensor, group),
      group.map(({ width }) => width),
      -1,
    );
    return [entry.parts[group.findIndex((product) => product.node === node)] as Tensor];
  });
}

/** Runs of products of one x that follow each other in their file, two or more each, together no larger than a factor that is read as one. */
function neighbours(outputs: readonly Tensor[], folder: string): Product[][] {
  const byInput = new Map<Tensor, Product[]>();
  for (const node of topological(outputs)) {
    const product = productIn(node, folder);
    if (product === undefined) continue;
    const x = node.inputs[0] as Tensor;
    byInput.set(x, [...(byInput.get(x) ?? []), product]);
  }
  const groups: Product[][] = [];
  for (const products of byInput.values()) {
    let group: Product[] = [];
    for (const product of products.toSorted((a, b) => a.stored.offset - b.stored.offset)) {
      const last = group.at(-1);
      const size = [...group, product].reduce((sum, { width, inner }) => sum + width * inner, 0);
      if (last !== undefined && follows(product, last) && size <= largestPart) group.push(product);
      else {
        group = [product];
        groups.push(group);
      }
    }
  }
  return groups.filter(({ length }) => length > 1);
}

/** A product without a bias with a weight in the folder that lies as [out,in], whichever way the model has it. */
function productIn(node: Node, folder: string): Product | undefined {
  if (node.op.name !== 'linear' || node.inputs.length > 2) return undefined;
  const parameter = parameterOf(node.inputs[1]);
  const stored = parameter?.stored;
  const { transposed } = node.attrs as { transposed: boolean };
  if (parameter === undefined || stored?.file.folder !== folder || transposed === stored.transposed) return undefined;
  const [inner, width] = (transposed ? parameter.shape.toReversed() : parameter.shape) as [number, number];
  return { node, stored, width, inner };
}

function follows(product: Product, { stored, width, inner }: Product): boolean {
  return product.stored.file === stored.file && product.stored.offset === stored.offset + 4 * width * inner;
}

function productOf(x: Tensor, group: readonly Product[]): Tensor {
  const [first] = group as [Product];
  const width = group.reduce((sum, product) => sum + product.width, 0);
  const weight = new Parameter([width, first.inner], () => {});
  weight.store({ ...first.stored, transposed: false });
  const spec = { shape: [...x.shape.slice(0, -1), width], dtype: x.dtype };
  const { op, path } = first.node;
  return makeNode(op, [x, parameterTensor(weight)], { transposed: true }, [spec], path).outputs[0] as Tensor;
}
