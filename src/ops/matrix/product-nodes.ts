import type { Emitter } from '../emitter.js';

/** A product of two matrices as it is to be written: [rows,inner] × [inner,columns] after the transposes. */
export interface ProductForm {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly scale: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/** ONNX Runtime's CPU product sums over the inner axis in blocks of this size, larger where a thread has few columns. */
const innerBlock = 128;
/** Columns that 16 threads can share with 64 each, the fewest at which the block stays the same. */
const enoughColumns = 1024;

/**
 * A product whose bits do not depend on the number of threads. ONNX Runtime (MLAS, `sgemm.cpp`) splits a product with
 * more columns than rows by columns, and a thread with at most 64 columns sums in longer blocks: other roundings. So
 * such a product is written turned round, (Bᵀ Aᵀ)ᵀ, which is split by rows.
 */
export function fusedProduct(e: Emitter, a: string, b: string, form: ProductForm): string {
  const { transposeA, transposeB, scale, rows, columns, inner } = form;
  const product = (x: string, y: string, transX: boolean, transY: boolean): string =>
    e.one('FusedMatMul', [x, y], {
      domain: 'com.microsoft',
      attributes: { transA: Number(transX), transB: Number(transY), alpha: { float: scale } },
    });
  const sensitive = columns > rows && rows > 1 && columns <= enoughColumns && inner > innerBlock;
  if (!sensitive) return product(a, b, transposeA, transposeB);
  return e.one('Transpose', [product(b, a, !transposeB, !transposeA)], { attributes: { perm: [1, 0] } });
}
