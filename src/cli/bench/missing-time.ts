import type { OpTimes } from './op-times.js';

/** A part of a step's time that products at the machine's best rate would not take. */
export interface MissingTime {
  readonly what: string;
  readonly ms: number;
  /** Of the whole step. */
  readonly percent: number;
}

const products = new Set(['Gemm', 'MatMul', 'FusedMatMul']);

/**
 * Where the rest of a step goes when its floating-point operations would take `ideal` ms at the machine's best rate:
 * products slower than the best, and every other kind of operator. Sums over rows, written as products, count as products.
 * @param operators a step under the profiler, without what happens outside ONNX Runtime
 * @param ideal milliseconds of the step's work at the best rate
 * @param outside milliseconds of a step outside ONNX Runtime
 */
export function missingTime(operators: OpTimes, ideal: number, outside: number): readonly MissingTime[] {
  const inProducts = operators.kinds.filter((k) => products.has(k.kind)).reduce((sum, k) => sum + k.ms, 0);
  const total = operators.ms + outside;
  const parts = [
    { what: 'products slower than the best', ms: inProducts - ideal },
    ...operators.kinds.filter((k) => !products.has(k.kind)).map(({ kind, ms }) => ({ what: kind, ms })),
    { what: 'between operators', ms: operators.between },
    { what: 'outside ONNX Runtime', ms: outside },
  ];
  return parts.map((p) => ({ ...p, percent: (100 * p.ms) / total })).sort((a, b) => b.ms - a.ms);
}
