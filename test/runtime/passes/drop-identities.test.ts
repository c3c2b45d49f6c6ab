import { expect, test } from 'vitest';
import { input, stopGradient, tap, withPath } from '#dist/ops/index.js';
import { dropIdentities } from '#dist/runtime/passes/index.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

test('taps and stopped gradients go, also in a row and as outputs; values stay', async () => {
  const x = input('x', [2, 3]);
  const y = withPath('blocks.0', () => tap('b', stopGradient(tap('a', x.mul(2)))));
  const outputs = [y.exp(), y, tap('input', x)];
  const done = dropIdentities(outputs);
  expect(opCounts(outputs)).toMatchObject({ tap: 3, stop_gradient: 1 });
  expect(opCounts(done)).toEqual({ input: 1, constant: 1, mul: 1, exp: 1 });
  expect(done[2]).toBe(x);
  const feeds = drawFeeds([x]);
  expect(difference(outputs, done, feeds)).toBe(0);
  expect(await runAsIs(done, feeds)).toEqual(await runAsIs(outputs, feeds));
});

test('a graph without them is left as it is, node for node', () => {
  const y = input('x', [2]).exp();
  expect(dropIdentities([y])).toEqual([y]);
  expect(dropIdentities([y])[0]).toBe(y);
});
