import { HostArray } from '../../../core/index.js';
import type { Intervention as LensIntervention } from '../../../lens/index.js';
import type { Change, Intervention, Matrix } from '../../protocol/index.js';

/** Changes as the lens takes them, called by their names. @throws shape: numbers that do not fill their shape */
export function lensInterventions(changes: readonly Change[]): LensIntervention[] {
  return changes.map(({ name, intervention }) => ({ ...toLens(intervention), name }) as LensIntervention);
}

function toLens(intervention: Intervention): LensIntervention {
  switch (intervention.kind) {
    case 'value':
      return { ...intervention, value: arrayOf(intervention.value) };
    case 'mean':
    case 'resample':
    case 'freeze': {
      const values = Object.entries(intervention.values).map(([site, value]) => [site, arrayOf(value)]);
      return { ...intervention, values: Object.fromEntries(values) };
    }
    case 'add':
      return { ...intervention, vector: arrayOf(intervention.vector) };
    default:
      return intervention;
  }
}

/** An intervention of the lens as the protocol carries it; of a function, none. */
export function fromLens({ name: _, ...intervention }: LensIntervention): Intervention | undefined {
  switch (intervention.kind) {
    case 'function':
      return undefined;
    case 'value':
      return { ...intervention, value: matrixOf(intervention.value) };
    case 'mean':
    case 'resample':
    case 'freeze': {
      const values = Object.entries(intervention.values).map(([site, value]) => [site, matrixOf(value)]);
      return { ...intervention, values: Object.fromEntries(values) };
    }
    case 'add':
      return { ...intervention, vector: matrixOf(intervention.vector) };
    default:
      return intervention;
  }
}

function arrayOf({ shape, data }: Matrix): HostArray {
  return new HostArray(data, shape, 'float32');
}

export function matrixOf({ shape, data }: HostArray): Matrix {
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>) };
}
