import { encodeModel } from '../../onnx/index.js';
import { input, matmul, type Tensor } from '../../ops/index.js';
import { lowerProgram } from '../../runtime/index.js';
import type { OptimizerProgram } from './rule.js';

/** Jordan et al. 2024: a quintic whose slope at 0 is as large as can be while singular values end between about 0.7 and 1.2. */
const [a, b, c] = [3.4445, -4.775, 2.0315];

/** The name of the program for a shape. */
export function newtonSchulzKey(rows: number, columns: number, steps: number): string {
  return `newton-schulz ${rows}x${columns}, ${steps} steps`;
}

/**
 * X with its singular values moved towards 1: `steps` times X = aX + (bA + cA²)X, A = XXᵀ. A tall X has AX on the other
 * side, A = XᵀX: the same numbers as of its transpose, and A is as small as can be.
 * @param x [n,m], of singular values at most 1
 */
export function newtonSchulz(x: Tensor, steps: number): Tensor {
  const tall = (x.shape[0] as number) > (x.shape[1] as number);
  let y = x;
  for (let i = 0; i < steps; i++) {
    const gram = matmul(y, y, tall ? { transposeA: true } : { transposeB: true });
    const factor = gram.mul(b).add(matmul(gram, gram, { scale: c }));
    y = y.mul(a).add(tall ? matmul(y, factor) : matmul(factor, y));
  }
  return y;
}

/** `newtonSchulz` as a program: [rows,columns] `matrix` to `orthogonal`. @param parameters names of those that hold such matrices */
export function newtonSchulzProgram(rows: number, columns: number, steps: number, parameters: readonly string[]): OptimizerProgram {
  const matrix = input('matrix', [rows, columns]);
  const lowered = lowerProgram({ orthogonal: newtonSchulz(matrix, steps) }, [{ name: 'matrix', spec: matrix }]);
  return {
    key: newtonSchulzKey(rows, columns, steps),
    parameters,
    onnx: encodeModel(lowered.model),
    inputs: { matrix: [rows, columns] },
    output: 'orthogonal',
  };
}
