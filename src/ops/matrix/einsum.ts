import { type Dim, sizeOf } from '../../core/index.js';
import type { Tensor } from '../tensor.js';
import { parseEquation } from './einsum-equation.js';

/** A tensor with a label for each axis. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Einstein's summation: products of elements, summed over every letter that the result lacks. Operands are taken two
 * at a time from the left, each pair as one batched matrix product.
 * Each letter stands once in an operand and has one size; `...` stands for further axes, which broadcast.
 * @example einsum('bthd,bshd->bhts', q, k) // scores: Σ_d q[b,t,h,d] k[b,s,h,d]
 * @throws value: the equation does not parse; shape: ranks or sizes do not fit
 */
export function einsum(equation: string, ...tensors: readonly Tensor[]): Tensor {
  const { operands, output } = parseEquation(equation, tensors);
  const wide = new Set(operands.flatMap((labels, i) => labels.filter((_, a) => tensors[i]?.shape[a] !== 1)));
  const terms = tensors.map((x, i) => dropNarrow({ x, labels: operands[i] as readonly string[] }, wide, output));
  let [first, ...rest] = terms as [Labelled, ...Labelled[]];
  while (rest.length > 0) {
    const [second, ...later] = rest as [Labelled, ...Labelled[]];
    const kept = new Set([...output, ...later.flatMap((t) => t.labels)]);
    first = contract(sumOut(first, kept, second.labels), sumOut(second, kept, first.labels), kept);
    rest = later;
  }
  const { x, labels } = sumOut(first, new Set(output), []);
  return x.transpose(output.map((label) => labels.indexOf(label)));
}

/** Without the axes of size 1 that stretch against a wider operand, or that the result lacks. */
function dropNarrow({ x, labels }: Labelled, wide: ReadonlySet<string>, output: readonly string[]): Labelled {
  const keep = labels.map((label, a) => x.shape[a] !== 1 || (!wide.has(label) && output.includes(label)));
  return { x: x.reshape(x.shape.filter((_, a) => keep[a])), labels: labels.filter((_, a) => keep[a]) };
}

/** Sums over axes that neither the result nor the other operand has. */
function sumOut({ x, labels }: Labelled, kept: ReadonlySet<string>, other: readonly string[]): Labelled {
  const axis = labels.flatMap((label, a) => (kept.has(label) || other.includes(label) ? [] : [a]));
  return axis.length === 0 ? { x, labels } : { x: x.sum({ axis }), labels: labels.filter((_, a) => !axis.includes(a)) };
}

/** The product of two operands, summed over shared axes that nobody needs any more: batch, rows, columns. */
function contract(a: Labelled, b: Labelled, kept: ReadonlySet<string>): Labelled {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => kept.has(label));
  const inner = shared.filter((label) => !kept.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const sizes = new Map<string, Dim>([a, b].flatMap((t) => t.labels.map((label, i): [string, Dim] => [label, t.x.shape[i] as Dim])));
  const shape = (list: readonly string[]): Dim[] => list.map((label) => sizes.get(label) as Dim);
  const lead = shape(batch);
  if (inner.length === 0) {
    const left = ordered(a, [...batch, ...rows]).reshape([...shape([...batch, ...rows]), ...columns.map(() => 1)]);
    const right = ordered(b, [...batch, ...columns]).reshape([...lead, ...rows.map(() => 1), ...shape(columns)]);
    return { x: left.mul(right), labels };
  }
  // An operand whose inner axes come first is read transposed by the product itself.
  const transposeA = innerFirst(a.labels, rows, inner);
  const transposeB = !innerFirst(b.labels, columns, inner);
  const [m, k, n] = [sizeOf(shape(rows)), sizeOf(shape(inner)), sizeOf(shape(columns))];
  const left = ordered(a, [...batch, ...(transposeA ? [...inner, ...rows] : [...rows, ...inner])]);
  const right = ordered(b, [...batch, ...(transposeB ? [...columns, ...inner] : [...inner, ...columns])]);
  const product = left
    .reshape([...lead, ...(transposeA ? [k, m] : [m, k])])
    .matmul(right.reshape([...lead, ...(transposeB ? [n, k] : [k, n])]), { transposeA, transposeB });
  return { x: product.reshape(shape(labels)), labels };
}

/** Whether an operand lies, in memory, with an outer axis fastest: then its inner axes go first. */
function innerFirst(labels: readonly string[], outer: readonly string[], inner: readonly string[]): boolean {
  const last = labels.findLast((label) => outer.includes(label) || inner.includes(label));
  return last !== undefined && outer.includes(last);
}

function ordered({ x, labels }: Labelled, order: readonly string[]): Tensor {
  return x.transpose(order.map((label) => labels.indexOf(label)));
}
