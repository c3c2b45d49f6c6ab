import { type Address, indexOf, type Operand } from '#dist/server/protocol/index.js';

/** The places of a list, those of the largest magnitude first. */
export function bySize(values: ArrayLike<number>): number[] {
  const size = (i: number): number => (Number.isNaN(values[i]) ? -1 : Math.abs(values[i] as number));
  return Array.from({ length: values.length }, (_, i) => i).sort((a, b) => size(b) - size(a) || a - b);
}

/** Where the i-th number of an operand lies. */
export function addressIn(operand: Operand, i: number): Address {
  return { at: operand.source.at, index: indexOf(operand.flat[i] as number, operand.source.shape) };
}

/** The products of operands, term by term. */
export function productsOf(operands: readonly Operand[]): Float64Array {
  const products = new Float64Array(operands[0]?.values.length ?? 0).fill(1);
  for (const { values } of operands)
    for (let i = 0; i < products.length; i++) products[i] = (products[i] as number) * (values[i] as number);
  return products;
}
