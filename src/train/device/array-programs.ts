import { encodeModel } from '../../onnx/index.js';
import { input, type Tensor } from '../../ops/index.js';
import { lowerProgram, type ProgramOptions } from '../../runtime/index.js';
import type { Shapes } from './transfer.js';
import { newName } from './update-program.js';

/** `a:NAME` + `b:NAME` for every array: how the gradients of a step's passes add up. */
export function traceSums(shapes: Shapes, engine: ProgramOptions): Uint8Array {
  return overPairs(shapes, engine, (pairs) => Object.fromEntries(pairs.map(([name, a, b]) => [newName(name), a.add(b)])));
}

/** ‖b − a‖ / ‖a‖ over all arrays `a:NAME`, before an update, and `b:NAME`, after it; 0 of arrays of zeros that stay so. */
export function traceRatio(shapes: Shapes, engine: ProgramOptions): Uint8Array {
  const squares = (parts: readonly Tensor[]): Tensor => parts.map((x) => x.mul(x).sum()).reduce((x, y) => x.add(y));
  return overPairs(shapes, engine, (pairs) => ({
    changed: squares(pairs.map(([, a, b]) => b.sub(a))),
    weights: squares(pairs.map(([, a]) => a)),
  }));
}

function overPairs(
  shapes: Shapes,
  engine: ProgramOptions,
  outputs: (pairs: readonly (readonly [string, Tensor, Tensor])[]) => Record<string, Tensor>,
): Uint8Array {
  const pairs = Object.entries(shapes).map(([name, shape]) => [name, input(`a:${name}`, shape), input(`b:${name}`, shape)] as const);
  const inputs = pairs.flatMap(([name, a, b]) => [
    { name: `a:${name}`, spec: a },
    { name: `b:${name}`, spec: b },
  ]);
  return encodeModel(lowerProgram(outputs(pairs), inputs, engine).model);
}
