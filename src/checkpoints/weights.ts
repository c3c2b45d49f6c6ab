import { fail, HostArray } from '../core/index.js';
import type { Parameter } from '../ops/index.js';
import { type Assignment, loadAssigned } from './match.js';
import { quote } from './quote.js';
import type { TensorSource } from './source.js';

/** A parameter and the tensor that it takes. */
export type Assigned = readonly [parameter: Parameter, assignment: Assignment];

/** Reads weights into memory, one tensor after another. */
export async function readWeights(source: TensorSource, assigned: Iterable<Assigned>): Promise<void> {
  for (const [parameter, assignment] of assigned) {
    parameter.value = asWeights(await loadAssigned(source, assignment), source, assignment.hfName);
  }
}

/** Parameters are float32; a file of integers is of a quantisation that we do not know how to undo. */
export function asWeights(array: HostArray, source: TensorSource, name: string): HostArray {
  if (array.dtype === 'float32') return array;
  if (array.dtype === 'float64') return new HostArray(Float32Array.from(array.data as Float64Array), array.shape, 'float32');
  throw fail('checkpoint', {
    where: source.path,
    rule: `tensor ${quote(name)} is of floating point, as weights are`,
    got: source.info(name).dtype,
    fix: 'Load an unquantised copy of the model',
  });
}
