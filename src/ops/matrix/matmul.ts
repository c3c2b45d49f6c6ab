import { broadcastShapes, concrete, type Dim, equalDims, isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { place, type RefArray, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, asTensor, Tensor, type TensorLike } from '../tensor.js';
import { fusedProduct, type ProductForm } from './product-nodes.js';

export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The product is multiplied by this. */
  readonly scale: number;
}

const swap = <T>(s: readonly T[], on: boolean): T[] => (on ? [...s.slice(0, -2), s.at(-1) as T, s.at(-2) as T] : s.slice());

export const matmulOp = defineOp<MatmulAttrs>({
  name: 'matmul',
  doc: 'y = scale · A B over the last two axes, batch axes broadcast; A or B transposed on request.',
  inputs: ['a', 'b'],
  infer: ({ inputs: [a, b], attrs, refuse }) => {
    if (a === undefined || b === undefined || a.shape.length < 2 || b.shape.length < 2)
      throw refuse('matrices (rank 2 or more) are expected');
    if (a.dtype !== b.dtype || !isFloat(a.dtype)) throw refuse('both inputs must be of one float dtype', { code: 'dtype' });
    const left = swap(a.shape, attrs.transposeA);
    const right = swap(b.shape, attrs.transposeB);
    if (!equalDims(left.at(-1) as Dim, right.at(-2) as Dim))
      throw refuse('inner sizes must be equal', { fix: 'Transpose one of them, or check the widths' });
    const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
    if (batch === undefined) throw refuse('batch axes must broadcast');
    return [{ shape: [...batch, left.at(-2) as Dim, right.at(-1) as Dim], dtype: a.dtype }];
  },
  vjp: ({ inputs, attrs, g, needs }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const { transposeA: tA, transposeB: tB, scale } = attrs;
    // Y = s·AB: dA = s·G Bᵀ, dB = s·Aᵀ G; where an input came transposed, so does its gradient.
    const da = () => (tA ? product(b, g, tB, true, scale) : product(g, b, false, !tB, scale));
    // One matrix for a whole batch: its gradient is one product of all rows, not a batch of matrices that are then added up.
    const shared = b.rank === 2 && a.rank > 2 && !tA;
    const [rowsA, rowsG] = shared ? [rowsOf(a), rowsOf(g)] : [a, g];
    const db = () => (tB ? product(rowsG, rowsA, true, tA, scale) : product(rowsA, rowsG, !tA, false, scale));
    return [needs[0] ? da().sumTo(a.shape) : undefined, needs[1] ? db().sumTo(b.shape) : undefined];
  },
  order: 'any',
  lower: (e, { inputs, attrs, inputSpecs }) => {
    const { transposeA, transposeB } = attrs;
    const [row, b] = inputs as [string, string];
    // The engine's kernel for one row times a matrix knows no factor: there it is the row that is scaled.
    const scaleFirst = attrs.scale !== 1 && !transposeA && inputSpecs[0]?.shape.at(-2) === 1;
    const a = scaleFirst ? e.one('Mul', [row, e.scalar(attrs.scale, (inputSpecs[0] as Spec).dtype)]) : row;
    const scale = scaleFirst ? 1 : attrs.scale;
    const form = plainForm(inputSpecs[0] as Spec, inputSpecs[1] as Spec, { ...attrs, scale });
    if (e.fused && form !== undefined) return [fusedProduct(e, a, b, form)];
    if (e.fused && (transposeA || transposeB || scale !== 1)) {
      return [
        e.one('FusedMatMul', [a, b], {
          domain: 'com.microsoft',
          attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } },
        }),
      ];
    }
    const turned = (x: string, spec: Spec, on: boolean): string =>
      on
        ? e.one('Transpose', [x], {
            attributes: {
              perm: swap(
                spec.shape.map((_, i) => i),
                true,
              ),
            },
          })
        : x;
    const y = e.one('MatMul', [turned(a, inputSpecs[0] as Spec, transposeA), turned(b, inputSpecs[1] as Spec, transposeB)]);
    return [scale === 1 ? y : e.one('Mul', [y, e.scalar(scale, (inputSpecs[0] as Spec).dtype)])];
  },
  reference: ([x, y], { transposeA, transposeB, scale }) => {
    const [a, b] = [x as RefArray, y as RefArray];
    const left = swap(a.shape, transposeA);
    const right = swap(b.shape, transposeB);
    const inner = left.at(-1) as number;
    const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2)) as number[];
    // Steps from one element of a row or column to the next.
    const [alongA, alongB] = [transposeA ? (left.at(-2) as number) : 1, transposeB ? 1 : (right.at(-1) as number)];
    return [
      ref([...batch, left.at(-2) as number, right.at(-1) as number], (index) => {
        const [row, column] = [index.at(-2) as number, index.at(-1) as number];
        const at = index.slice();
        const first = (shape: readonly number[], i: number, j: number): number => {
          at[at.length - 2] = i;
          at[at.length - 1] = j;
          return place(shape, at);
        };
        let ia = transposeA ? first(a.shape, 0, row) : first(a.shape, row, 0);
        let ib = transposeB ? first(b.shape, column, 0) : first(b.shape, 0, column);
        let total = 0;
        for (let k = 0; k < inner; k++, ia += alongA, ib += alongB) total += (a.data[ia] as number) * (b.data[ib] as number);
        return scale * total;
      }),
    ];
  },
  cases: [
    { attrs: { transposeA: false, transposeB: false, scale: 1 }, inputs: [{ shape: [3, 4] }, { shape: [4, 5] }] },
    { attrs: { transposeA: true, transposeB: false, scale: 0.5 }, inputs: [{ shape: [2, 4, 3] }, { shape: [2, 4, 2] }] },
    { attrs: { transposeA: false, transposeB: true, scale: 1 }, inputs: [{ shape: [2, 1, 3, 4] }, { shape: [3, 5, 4] }] },
    { attrs: { transposeA: true, transposeB: true, scale: 2 }, inputs: [{ shape: [4, 3] }, { shape: [2, 4] }] },
    { attrs: { transposeA: false, transposeB: false, scale: 1 }, inputs: [{ shape: [2, 3, 4] }, { shape: [4, 2] }] },
  ],
});

/** The form of a product of two matrices of known float32 sizes; undefined for batches. */
function plainForm(a: Spec, b: Spec, attrs: MatmulAttrs): ProductForm | undefined {
  const [left, right] = [concrete(swap(a.shape, attrs.transposeA)), concrete(swap(b.shape, attrs.transposeB))];
  if (left?.length !== 2 || right?.length !== 2 || a.dtype !== 'float32') return undefined;
  return { ...attrs, rows: left[0] as number, inner: left[1] as number, columns: right[1] as number };
}

function rowsOf(x: Tensor): Tensor {
  return x.reshape([-1, x.shape.at(-1) as Dim]);
}

function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, scale: number): Tensor {
  return applyOne(matmulOp, [a, b], { transposeA, transposeB, scale });
}

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly scale?: number;
}

/** y = scale · A B: a [...,T,K] times b [...,K,S] gives [...,T,S]; batch axes broadcast. */
export function matmul(a: TensorLike, b: TensorLike, options: MatmulOptions = {}): Tensor {
  return product(asTensor(a), asTensor(b), options.transposeA ?? false, options.transposeB ?? false, options.scale ?? 1);
}

declare module '../tensor.js' {
  interface Tensor {
    matmul(b: TensorLike, options?: MatmulOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  matmul(this: Tensor, b: TensorLike, options?: MatmulOptions) {
    return matmul(this, b, options);
  },
});
