import { expect, test } from 'vitest';
import { HostArray, host } from '#dist/core/index.js';
import { checkSites } from '#dist/runtime/index.js';

const good = host([
  [1, 2],
  [3, 4],
]);

test('finite values, and integers whatever their bits, pass', () => {
  expect(() => checkSites([])).not.toThrow();
  expect(() =>
    checkSites([
      ['a', good],
      ['b', new HostArray(Int32Array.of(-1), [1], 'int32')],
    ]),
  ).not.toThrow();
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('the first bad site is named, with the element: %s', (bad) => {
  const values: [string, HostArray][] = [
    ['embed', good],
    ['blocks.0.mlp.pre', new HostArray(Float32Array.of(0, 0, 0, 0, bad, bad), [1, 2, 3], 'float32')],
    ['logits', host([bad])],
  ];
  expect(() => checkSites(values)).toThrow(
    expect.objectContaining({ code: 'numeric', path: 'blocks.0.mlp.pre', got: `${bad} at [0,1,1] of [1,2,3]` }),
  );
});
