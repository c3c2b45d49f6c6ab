import { expect, test } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import {
  concat,
  crossEntropy,
  gather,
  input,
  layerNorm,
  linear,
  matmul,
  oneHot,
  pad,
  rmsNorm,
  softmax,
  topK,
  transpose,
  where,
  withPath,
} from '#dist/ops/index.js';

const x = input('x', [2, 3]);
const ids = input('ids', [4], 'int32');

/** Where, rule, what came, what to do: one line, as the design has it. */
const misuse: readonly (readonly [() => unknown, string, string])[] = [
  [
    () => x.add(input('y', [2, 4])),
    'shape',
    'add: shapes must be equal, or 1, axis by axis from the right; got a=[2,3] float32, b=[2,4] float32. Reshape or expand one of them.',
  ],
  [
    () => x.add(ids),
    'dtype',
    'add: both inputs must have one dtype; got a=[2,3] float32, b=[4] int32. Cast one of them with cast(x, dtype).',
  ],
  [
    () => matmul(x, x),
    'shape',
    'matmul: inner sizes must be equal; got a=[2,3] float32, b=[2,3] float32. Transpose one of them, or check the widths.',
  ],
  [
    () => linear(x, input('w', [4, 5])),
    'shape',
    'linear: the last axis of x must be 4, the width the weight takes; got x=[2,3] float32, weight=[4,5] float32.',
  ],
  [
    () => softmax(x, { mask: input('m', [2, 3]) }),
    'dtype',
    'softmax: a boolean mask (true = attend) is expected; got x=[2,3] float32, mask=[2,3] float32. Add a float bias to the scores instead.',
  ],
  [() => softmax(x, { axis: 2 }), 'axis', 'softmax: an axis lies between -2 and 1 for rank 2; got 2.'],
  [() => x.sum({ axis: [0, -2] }), 'axis', 'sum: an axis may be named once; got [0,-2].'],
  [() => gather(x, x), 'dtype', 'gather: int32 indices are expected; got x=[2,3] float32, indices=[2,3] float32.'],
  [() => transpose(x, [0, 0]), 'axis', 'transpose: a permutation of all 2 axes is expected; got [0,0].'],
  [() => x.reshape([4, 2]), 'shape', 'reshape: the shape [4,2] must hold the same number of elements; got x=[2,3] float32.'],
  [
    () => concat([x, input('y', [2, 4])], 0),
    'shape',
    'concat: inputs must have one dtype and equal shapes but for axis 0; got x0=[2,3] float32, x1=[2,4] float32.',
  ],
  [() => where(x, x, x), 'dtype', 'where: a boolean condition is expected; got condition=[2,3] float32, a=[2,3] float32, b=[2,3] float32.'],
  [
    () => layerNorm(x, input('w', [2])),
    'shape',
    'layer_norm: weight and bias of shape [3] are expected; got x=[2,3] float32, weight=[2] float32.',
  ],
  [() => rmsNorm(x, input('w', [2])), 'shape', 'rms_norm: a weight of shape [3] is expected; got x=[2,3] float32, weight=[2] float32.'],
  [() => topK(x, 4), 'value', 'top_k: k lies between 1 and 3, the size of axis 1; got 4.'],
  [() => oneHot(ids, 0), 'value', 'one_hot: a whole number of classes, 1 or more; got 0.'],
  [
    () =>
      pad(x, [
        [0, -1],
        [0, 0],
      ]),
    'value',
    'pad: whole numbers of elements, 0 or more; got [[0,-1],[0,0]]. Use slice to cut.',
  ],
  [
    () => crossEntropy(x, ids),
    'shape',
    'cross_entropy: logits [N,V] and targets [N] are expected; got logits=[2,3] float32, targets=[4] int32.',
  ],
  [() => ids.cumsum(1), 'axis', 'cumsum: an axis lies between -1 and 0 for rank 1; got 1.'],
  [
    () => ids.maximum(x),
    'dtype',
    'maximum: both inputs must have one dtype; got a=[4] int32, b=[2,3] float32. Cast one of them with cast(x, dtype).',
  ],
];

test.each(misuse)('%#', (act, code, message) => {
  const caught = catching(act);
  expect(caught.message).toBe(message);
  expect(caught.code).toBe(code);
});

test('an error names the module that was being traced', () => {
  const caught = catching(() => withPath('blocks.3.attention', () => matmul(x, x)));
  expect(caught.message).toMatch(/^matmul at blocks\.3\.attention: inner sizes/);
  expect(caught.path).toBe('blocks.3.attention');
});

function catching(act: () => unknown): HeadlightError {
  try {
    act();
  } catch (error) {
    if (error instanceof HeadlightError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
