import fc from 'fast-check';
import { evaluate, type RefArray, type Tensor } from '#dist/ops/index.js';

/** Step of central differences in float64: the error of the fourth-order formula is about h⁴ and ε/h. */
const step = 1e-3;

/** Values of tensors, in float64. */
export type Feeds = Map<Tensor, RefArray>;

export function refArray(shape: readonly number[], values: ArrayLike<number>): RefArray {
  return { shape, data: Float64Array.from(values) };
}

/** The elements of a tensor. */
export function numbersOf(t: Tensor, feeds: Feeds): Float64Array {
  return (evaluate([t], feeds)[0] as RefArray).data;
}

/** The gradient of a scalar by one fed tensor, element by element, by central differences of fourth order. */
export function centralDifferences(loss: Tensor, by: Tensor, feeds: Feeds): number[] {
  const at = feeds.get(by) as RefArray;
  return Array.from(at.data, (_, k) => {
    const value = (d: number): number => {
      const data = at.data.slice();
      data[k] = (data[k] as number) + d;
      return numbersOf(loss, new Map(feeds).set(by, { shape: at.shape, data }))[0] as number;
    };
    return (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step);
  });
}

/** One step of a random program: takes tensors [2,3] from a pool and adds one more [2,3]. */
type Step = (pool: readonly Tensor[]) => Tensor;

const pick = fc.nat(1000);
const chosen = (pool: readonly Tensor[], n: number): Tensor => pool[n % pool.length] as Tensor;

/** Smooth, bounded operations: differences of them are exact to many digits. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(pick, pick).map(
    ([a, b]): Step =>
      (p) =>
        chosen(p, a).add(chosen(p, b)),
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Step =>
      (p) =>
        chosen(p, a).sub(chosen(p, b)),
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Step =>
      (p) =>
        chosen(p, a).mul(chosen(p, b)).mul(0.5),
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Step =>
      (p) =>
        chosen(p, a).div(chosen(p, b).mul(chosen(p, b)).add(1)),
  ),
  fc.tuple(pick, pick).map(
    ([a, b]): Step =>
      (p) =>
        chosen(p, a).matmul(chosen(p, b), { transposeB: true, scale: 0.5 }).matmul(chosen(p, b)),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).softmax(),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).softmax({ axis: 0 }),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).neg(),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).mul(0.3).exp(),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).sub(chosen(p, a).mean({ axis: 1, keep: true })),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).sum({ axis: 0 }).expand([2, 3]),
  ),
  pick.map(
    (a): Step =>
      (p) =>
        chosen(p, a).transpose().reshape([2, 3]),
  ),
  pick.map(
    (a): Step =>
      (p) => {
        const parts = chosen(p, a).split([1, 2], 1) as [Tensor, Tensor];
        return parts[0].mul(parts[1]).add(parts[1]).sum({ axis: 1, keep: true }).expand([2, 3]);
      },
  ),
);

/** A function of two tensors [2,3] to a scalar, made of up to seven random steps. */
export const randomLoss: fc.Arbitrary<(x: Tensor, y: Tensor) => Tensor> = fc
  .array(steps, { minLength: 1, maxLength: 7 })
  .map((list) => (x, y) => {
    const pool = [x, y];
    for (const s of list) pool.push(s(pool));
    const last = pool.at(-1) as Tensor;
    return last.mul(last).add(last).sum();
  });

/** Six numbers for [2,3]. */
export const randomValues = fc.array(fc.integer({ min: -150, max: 150 }), { minLength: 6, maxLength: 6 }).map((v) => v.map((n) => n / 100));
