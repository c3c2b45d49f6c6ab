import { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Add, Where } from './intervention.js';
import type { Kind } from './kind.js';
import { laidOut } from './places.js';

export const addKind: Kind<Add> = {
  doc: 'a vector added, times a coefficient (steering: Turner et al. 2023)',
  arrays: ({ vector, coefficient }, choice, where) => ({
    vector: laidOut(vector, choice, where),
    coefficient: numberFor(choice.site.shape.length, coefficient),
  }),
  apply: (value, { vector, coefficient }) => value.add((vector as Tensor).mul(coefficient as Tensor)),
  toJson: ({ vector, coefficient }, pack) => ({ vector: pack(vector), coefficient }),
  fromJson: (fields) => ({ vector: fields.array('vector'), coefficient: fields.number('coefficient') }),
};

/** x + coefficient · vector. @example add('blocks.2.residual.post', direction, 4) */
export function add(at: string, vector: HostArray, coefficient = 1, where: Omit<Where, 'at'> = {}): Add {
  return { kind: 'add', at, vector, coefficient, ...where };
}

/** A number as an array of ones in every axis. */
export function numberFor(rank: number, value: number): HostArray {
  return new HostArray(Float32Array.of(value), new Array<number>(rank).fill(1), 'float32');
}
