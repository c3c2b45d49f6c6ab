import { isFloat, randomKey, uniform } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { topological } from '#dist/ops/graph.js';
import { evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { toRef } from './engine-check.js';
import type { Trial } from './trials.js';

const step = 1e-4;
const tolerance = 1e-6;

/**
 * Gradients against central differences, both in float64 by the ops' references: the derivative of Σ c∘y along a random
 * direction of each input, for all outputs together and for each alone; then, where the op says so, the same of the
 * gradient itself.
 */
export function gradientProblems(trial: Trial, order: 'any' | 'first'): string[] {
  const key = randomKey(0, `${trial.label} cotangents`);
  let drawn = 0;
  const like = (shape: readonly number[]): RefArray => {
    const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
    return { shape, data: data.map(() => 2 * uniform(key, drawn++) - 1) };
  };
  const wide = (dtype: Tensor['dtype']): Tensor['dtype'] => (isFloat(dtype) ? 'float64' : dtype);
  const xs = trial.values.map((v, i) => input(`x${i}`, v.shape, wide(v.dtype)));
  const feeds = new Map<Tensor, RefArray>(xs.map((x, i) => [x, toRef(trial.values[i] as never)]));
  const outputs = trial.build(xs).filter((y) => isFloat(y.dtype));
  const smooth = xs.filter((x, i) => isFloat(x.dtype) && trial.inputs[i]?.differentiable !== false);
  if (outputs.length === 0 || smooth.length === 0) return [];

  const fresh = (t: Tensor): Tensor => {
    const c = input('c', t.shape, 'float64');
    feeds.set(c, like(t.shape as readonly number[]));
    return c;
  };
  const weighted = (parts: readonly Tensor[], weights: readonly Tensor[]): Tensor =>
    parts
      .map((y, i) =>
        y
          .cast('float64')
          .mul(weights[i] as Tensor)
          .sum(),
      )
      .reduce((a, b) => a.add(b));
  const check = (loss: Tensor, wrt: readonly Tensor[], grads: readonly Tensor[], what: string): string[] =>
    wrt.flatMap((x, i) => {
      const g = grads[i] as Tensor;
      const name = `${trial.label}, ${what} by input ${xs.indexOf(x) < 0 ? `c${i}` : xs.indexOf(x)}`;
      if (`${g.shape}` !== `${x.shape}` || g.dtype !== x.dtype) return [`${name}: [${g.shape}] ${g.dtype} for [${x.shape}] ${x.dtype}`];
      const value = (evaluate([g], feeds)[0] as RefArray).data;
      const direction = like(x.shape as readonly number[]).data;
      const slope = alongDirection(loss, x, direction, feeds);
      const [found, size] = value.reduce<[number, number]>(
        ([sum, all], v, k) => [sum + v * (direction[k] as number), all + Math.abs(v * (direction[k] as number))],
        [0, 0],
      );
      const apart = Math.abs(found - slope);
      return apart <= tolerance * Math.max(size, Math.abs(slope), 1e-3) ? [] : [`${name}: ${found}, central differences give ${slope}`];
    });

  const subsets = outputs.length === 1 ? [outputs] : [outputs, ...outputs.map((y) => [y])];
  return subsets.flatMap((ys, s) => {
    const cotangents = ys.map(fresh);
    const loss = weighted(ys, cotangents);
    const grads = gradients(loss, smooth);
    const first = check(loss, smooth, grads, `gradient${s === 0 ? '' : ` of output ${s - 1}`}`);
    if (order === 'first' || first.length > 0) return first;
    const second = weighted(grads, grads.map(fresh));
    const wrt = [...smooth, ...cotangents];
    return check(second, wrt, gradients(second, wrt), 'second gradient');
  });
}

/** dL/dε of L(x + ε u) at 0, by differences of fourth order. */
function alongDirection(loss: Tensor, x: Tensor, direction: Float64Array, feeds: ReadonlyMap<Tensor, RefArray>): number {
  const at = feeds.get(x) as RefArray;
  const fixed = new Map([...feeds, ...apartFrom(x, loss, feeds)]);
  const value = (epsilon: number): number => {
    const data = at.data.map((v, k) => v + epsilon * (direction[k] as number));
    return evaluate([loss], new Map(fixed).set(x, { shape: at.shape, data }))[0]?.data[0] as number;
  };
  return (8 * (value(step) - value(-step)) - (value(2 * step) - value(-2 * step))) / (12 * step);
}

/** Values that a result reads and that do not depend on x: they are the same wherever x goes. */
function apartFrom(x: Tensor, result: Tensor, feeds: ReadonlyMap<Tensor, RefArray>): [Tensor, RefArray][] {
  const moving = new Set<Tensor>([x]);
  const still = new Set<Tensor>();
  for (const node of topological([result], feeds)) {
    if (!node.inputs.some((t) => moving.has(t))) continue;
    for (const t of node.inputs) if (!moving.has(t) && !feeds.has(t)) still.add(t);
    for (const y of node.outputs) moving.add(y);
  }
  const tensors = [...still];
  return evaluate(tensors, feeds).map((value, i) => [tensors[i] as Tensor, value]);
}
