import { expect, test } from 'vitest';
import { contestants, heads, headWidth } from '#dist/cli/bench/length/contestants.js';
import { multiplyAdds } from '#dist/cli/bench/multiply-adds.js';
import { gradients } from '#dist/grad/index.js';
import { topological } from '#dist/ops/graph.js';
import { input, parameterTensor, type Tensor } from '#dist/ops/index.js';

/** Multiply-adds, forward and with gradients, and the size of the largest value: what clocks and memory cannot hide. */
function work(make: (typeof contestants)[number]['make'], length: number): Record<'forward' | 'step' | 'largest', number> {
  const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [1, heads, length, headWidth])) as [Tensor, Tensor, Tensor];
  const { module, mix } = make(length);
  const y = mix([q, k, v]);
  const grads = gradients(y.mul(y).sum(), [q, k, v, ...[...module.parameters().values()].map(parameterTensor)]);
  const sizes = topological([y, ...grads]).flatMap((node) =>
    node.outputs.map((t) => (t.shape as readonly number[]).reduce((a, b) => a * b, 1)),
  );
  return { forward: multiplyAdds([y]), step: multiplyAdds([y, ...grads]), largest: Math.max(...sizes) };
}

test.each(contestants.map((c) => [c.name, c] as const))('what %s computes grows as its time ought to', (name, { make, exponent }) => {
  const [short, long] = [work(make, 8192), work(make, 16_384)];
  const grows = (what: keyof typeof short): number => Math.log2(long[what] / short[what]);
  expect(Math.abs(grows('forward') - exponent)).toBeLessThan(0.15);
  expect(Math.abs(grows('step') - exponent)).toBeLessThan(0.15);
  // Dense attention alone forms what has T² numbers.
  expect(grows('largest')).toBeCloseTo(name === 'dense' ? 2 : 1, 10);
});
