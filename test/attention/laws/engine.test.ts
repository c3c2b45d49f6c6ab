import { describe, expect, test } from 'vitest';
import { forms } from '#dist/attention/index.js';
import { HostArray, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { constant, input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { numbersOf, refArray } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { B, D, type Example, examples, H, T } from './examples.js';

// The other laws are tried on the ops' references, in float64. Here the programs that are written run on ONNX Runtime: the
// same numbers must come out, and a query with nothing to attend to must not become NaN on the way, forward or backward.
const parts = ['Scores', 'Masks', 'Biases', 'Normalisers', 'Mixes'].flatMap((part) => forms[part] ?? []);
const shape = [B, H, T, D];
const roles = ['query', 'key', 'value'];
const silent = 2;
/** The query `silent` may attend to nothing. */
const allowed = Array.from({ length: T }, (_, i) => new Array<boolean>(T).fill(i !== silent));

/** Pattern, what is mixed, and the gradients of a loss by queries, keys and values. */
function values(form: ReturnType<Example['form']>, [query, key, value]: readonly Tensor[], mask: Tensor): Tensor[] {
  const inputs = [query, key, value] as [Tensor, Tensor, Tensor];
  const mixed = form.attend(...inputs, { mask });
  const pattern = sitesOf([mixed]).get('pattern') as Tensor;
  return [pattern, mixed, ...(gradients(mixed.mul(mixed).add(mixed).sum(), inputs) as Tensor[])];
}

describe.each(parts.map(({ name }) => name))('%s on ONNX Runtime', (name) => {
  test.each(['a mask that is fed', 'a mask that is known'])('%s: the reference’s numbers; no attention is zero', async (kind) => {
    const { form } = examples[name] as Example;
    const fed = kind === 'a mask that is fed';
    const run = compile((q: Tensor, k: Tensor, v: Tensor, m: Tensor) => values(form(), [q, k, v], fed ? m : constant(host(allowed))));
    const arrays = roles.map((role) => numbers(role, shape));
    const single = arrays.map((a) => new HostArray(Float32Array.from(a.data), shape, 'float32'));
    const got = (await run(...(single as [HostArray, HostArray, HostArray]), host(allowed))) as HostArray[];
    const names = roles.map((role) => input(role, shape));
    const mask = input('mask', [T, T], 'bool');
    const feeds = new Map([
      ...names.map((tensor, i) => [tensor, refArray(shape, single[i]?.data as Float32Array)] as const),
      [mask, refArray([T, T], allowed.flat().map(Number))] as const,
    ]);
    values(form(), names, mask).forEach((wanted, i) => {
      const found = Float64Array.from((got[i] as HostArray).data as Float32Array);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(relativeDifference(found, numbersOf(wanted, feeds)), `value ${i}`).toBeLessThan(1e-5);
    });
    const row = (x: HostArray, axis: number): number[] => {
      const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      return Array.from(x.data as Float32Array).filter((_, i) => Math.floor(i / inner) % T === silent);
    };
    expect(row(got[0] as HostArray, 2).every((w) => w === 0)).toBe(true);
    expect(row(got[1] as HostArray, 1).every((w) => w === 0)).toBe(true);
  });
});
