import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { concat, input, linear, matmul, softmax, type Tensor, tap, withPath } from '#dist/ops/index.js';
import { lowerProgram } from '#dist/runtime/index.js';
import { optimize, passes } from '#dist/runtime/passes/index.js';
import { randomLoss } from '../../grad/programs.js';
import { relativeDifference } from '../../support/arrays.js';
import { difference, drawFeeds, opCounts, runAsIs } from '../graphs.js';

const [x, y] = [input('x', [2, 3]), input('y', [2, 3])];

/** A random program with its gradients: what the passes meet in training. */
const graphs = randomLoss.map((build) => {
  const loss = tap('loss', build(tap('x', x), y));
  return [loss, ...gradients(loss, [x, y])];
});

test('every pass, and all together, keep the meaning of random programs', () => {
  fc.assert(
    fc.property(graphs, fc.nat(99), (outputs, seed) => {
      const feeds = drawFeeds([x, y], seed);
      for (const pass of new Set(passes)) expect(difference(outputs, pass(outputs), feeds)).toBeLessThan(1e-6);
      expect(difference(outputs, optimize(outputs), feeds)).toBeLessThan(1e-6);
    }),
    { numRuns: 60 },
  );
});

test('ONNX Runtime agrees on random programs, before and after', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.nat(99), async (outputs, seed) => {
      const feeds = drawFeeds([x, y], seed);
      const [before, after] = [await runAsIs(outputs, feeds), await runAsIs(optimize(outputs), feeds)];
      for (const [i, a] of after.entries()) expect(relativeDifference(a.data, before[i]?.data)).toBeLessThan(1e-4);
    }),
    { numRuns: 12 },
  );
});

test('optimising again finds nothing new to do', () => {
  fc.assert(
    fc.property(graphs, (outputs) => {
      const once = optimize(outputs);
      const nodes = (g: readonly Tensor[]): number => Object.values(opCounts(g)).reduce((a, b) => a + b, 0);
      expect(nodes(once)).toBeLessThanOrEqual(nodes(outputs) + 1);
      expect(nodes(optimize(once))).toBeLessThanOrEqual(nodes(once));
    }),
    { numRuns: 30 },
  );
});

test('what passes make carries the module path of what it replaces, into ONNX’s node names', () => {
  const q = input('q', [2, 3, 4]);
  const scores = withPath('blocks.3.attention', () => softmax(matmul(q, q.transpose()).mul(0.5)));
  const { model } = lowerProgram({ scores }, [{ name: 'q', spec: q }]);
  expect(model.graph.nodes.map((n) => n.type)).toEqual(['FusedMatMul', 'Softmax']);
  for (const node of model.graph.nodes) expect(node.name).toContain('blocks.3.attention/');
});

test('outputs that are one tensor, an input or a constant keep their places', () => {
  const z = x.mul(1.5);
  const outputs = [z, x, z, concat([y], 0), linear(x, input('w', [3, 2]))];
  const done = optimize(outputs);
  expect(done[0]).toBe(done[2]);
  expect(done[1]).toBe(x);
  expect(done[3]).toBe(y);
});
