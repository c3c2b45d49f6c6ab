import { topological } from '../../ops/graph.js';
import { concat, Parameter, parameterTensor, type StoredValues, type Tensor } from '../../ops/index.js';
import { makeNode, type Node } from '../../ops/tensor.js';
import { rewrite } from './rewrite.js';

/** Elements of a table that are read as one. */
export const largestPart = 1 << 23;

/**
 * Parameters that lie in files of a folder are read as they lie there, by programs that hold their parameters.
 *
 * A product with a weight stored as [out,in] has its flag turned instead of the matrix. The engine lays out a product's
 * factor anew and then lets go of the file's pages. So that the two are not in memory together, a table in which rows are
 * looked up gets a name apart from the same table as a factor, and a large factor is read in parts (124M parameters, the
 * embedding tied: 154 MB less, and as much less at the highest).
 */
export function readAsStored(outputs: readonly Tensor[], folder: string): readonly Tensor[] {
  const leaves = new Map<string, Map<Parameter, readonly Tensor[]>>();
  /** One leaf for each part of a parameter, however often it is read. */
  const partsFor = (use: string, parameter: Parameter, make: () => readonly Parameter[]): readonly Tensor[] => {
    const known = leaves.get(use) ?? new Map<Parameter, readonly Tensor[]>();
    leaves.set(use, known);
    const parts = known.get(parameter) ?? make().map(parameterTensor);
    known.set(parameter, parts);
    return parts;
  };
  return rewrite(outputs, (node, inputs) => {
    const isProduct = node.op.name === 'linear';
    const parameter = parameterOf(inputs[isProduct ? 1 : 0]);
    const stored = parameter?.stored;
    if (parameter === undefined || stored?.file.folder !== folder) return undefined;
    if (!isProduct) {
      if (node.op.name !== 'gather' || stored.transposed) return undefined;
      const [table] = partsFor('table', parameter, () => [storedAs(parameter.shape, stored)]) as [Tensor];
      return remade(node, [table, ...inputs.slice(1)], node.attrs).outputs;
    }
    const [x, , ...bias] = inputs as [Tensor, Tensor, ...Tensor[]];
    const shape = stored.transposed ? parameter.shape.toReversed() : parameter.shape;
    const transposed = (node.attrs as { transposed: boolean }).transposed !== stored.transposed;
    const parts = partsFor(`factor ${transposed && bias.length === 0}`, parameter, () =>
      transposed && bias.length === 0 ? rowParts(shape, stored) : [storedAs(shape, stored)],
    );
    const products = parts.map(
      (w) => remade(node, [x, w, ...bias], { transposed }, transposed ? w.shape[0] : w.shape[1]).outputs[0] as Tensor,
    );
    return [products.length === 1 ? (products[0] as Tensor) : concat(products, -1)];
  });
}

/** The files that parameters lie in, in the order in which they are met. */
export function filesOfParameters(outputs: readonly Tensor[]): readonly StoredValues['file'][] {
  const files = topological(outputs).map((node) => parameterOf(node.outputs[0])?.stored?.file);
  return [...new Set(files)].filter((file) => file !== undefined);
}

/** The parameter that a tensor is, if any. */
export function parameterOf(x: Tensor | undefined): Parameter | undefined {
  return x?.node.op.name === 'parameter' ? (x.node.attrs as unknown as { parameter: Parameter }).parameter : undefined;
}

function remade(node: Node, inputs: readonly Tensor[], attrs: Node['attrs'], width?: Tensor['shape'][number]): Node {
  const [y] = node.outputs as [Tensor];
  const shape = width === undefined ? y.shape : [...y.shape.slice(0, -1), width];
  return makeNode(node.op, inputs, attrs, [{ shape, dtype: y.dtype }], node.path);
}

/** A matrix [out,in] as parts of its rows, none of them large. */
function rowParts([rows, columns]: readonly number[], stored: StoredValues): Parameter[] {
  const [height, width] = [rows as number, columns as number];
  const most = Math.max(1, Math.floor(largestPart / width));
  const count = Math.ceil(height / most);
  const from = (part: number): number => Math.floor((part * height) / count);
  return Array.from({ length: count }, (_, part) =>
    storedAs([from(part + 1) - from(part), width], { ...stored, offset: stored.offset + 4 * from(part) * width }),
  );
}

/** A parameter of bytes of a file in the order in which they lie there. */
function storedAs(shape: readonly number[], stored: StoredValues): Parameter {
  const parameter = new Parameter(shape, () => {});
  parameter.store({ ...stored, transposed: false });
  return parameter;
}
