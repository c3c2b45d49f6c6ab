import { type Dim, HostArray } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { ref } from '../reference.js';
import { applyOne, type Tensor } from '../tensor.js';
import { constant } from './constant.js';

interface IotaAttrs {
  readonly size: Dim;
}

const iotaOp = defineOp<IotaAttrs>({
  name: 'iota',
  doc: 'The indices 0, 1, …, size − 1 as int32; the size may be symbolic.',
  inputs: [],
  infer: ({ attrs }) => [{ shape: [attrs.size], dtype: 'int32' }],
  vjp: 'none',
  order: 'any',
  lower: (e, { attrs: { size } }) => {
    if (typeof size === 'number') return [e.constant(indices(size))];
    const end = e.one('Squeeze', [e.cast(e.shape([size]), 'int32')]);
    return [e.one('Range', [e.scalar(0, 'int32'), end, e.scalar(1, 'int32')])];
  },
  reference: (_, { size }) => [ref([size as number], (__, i) => i)],
  cases: [{ attrs: { size: 5 }, inputs: [] }],
});

/** [size] int32: 0, 1, …, size − 1. */
export function iota(size: Dim): Tensor {
  return typeof size === 'number' ? constant(indices(size)) : applyOne(iotaOp, [], { size });
}

function indices(size: number): HostArray {
  return new HostArray(
    Int32Array.from({ length: size }, (_, i) => i),
    [size],
    'int32',
  );
}
