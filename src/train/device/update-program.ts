import { encodeModel } from '../../onnx/index.js';
import { input, minimum, reciprocal, sqrt, type Tensor } from '../../ops/index.js';
import { lowerProgram, type ProgramOptions } from '../../runtime/index.js';
import type { GroupedParameter } from '../groups.js';
import { type Optimizer, ruleOf } from '../optimizers/index.js';

/** A program of the update as bytes, with the names of what goes in besides arrays: scalars. */
export interface UpdateProgram {
  readonly onnx: Uint8Array;
  readonly scalars: readonly string[];
  /** Outputs that are arrays: new values, averages and slots. */
  readonly arrays: readonly string[];
}

export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Those that are trained. */
  readonly parameters: readonly GroupedParameter[];
  /** Clips the global gradient norm to this; 0: never. */
  readonly clip: number;
  /** Decay of the moving average of the values; 0: none is kept. */
  readonly average: number;
}

/** What an array of the update is called, as an input and as an output. */
export const arrayName = {
  value: (parameter: string): string => `parameter:${parameter}`,
  gradient: (parameter: string): string => `gradient:${parameter}`,
  average: (parameter: string): string => `average:${parameter}`,
  slot: (slot: string, parameter: string): string => `slot:${slot}:${parameter}`,
};

/** The output that takes the place of an array. */
export const newName = (name: string): string => `new:${name}`;

/**
 * A whole optimiser step as one graph: the mean of summed gradients, clipped by their global norm (Pascanu et al. 2013),
 * then every parameter's update and, where one is kept, its moving average.
 *
 * Inputs: `gradient:N` and `loss`, sums over `count` targets; `parameter:N`, `slot:S:N`, `average:N`; scalars `count`,
 * `factor` (the schedule's) and the optimiser's `numbers`. Outputs: the arrays after it; `loss` and
 * `norm`, of the means, before clipping; all with `new:` before their names.
 */
export function traceUpdate(options: UpdateOptions, engine: ProgramOptions): UpdateProgram {
  const { optimizer, parameters, clip, average } = options;
  const rule = ruleOf(optimizer);
  const declared: Tensor[] = [];
  const names: string[] = [];
  const take = (name: string, shape: readonly number[]): Tensor => {
    const tensor = input(name, shape);
    declared.push(tensor);
    names.push(name);
    return tensor;
  };
  const scalars = ['count', 'factor', ...Object.keys(rule.numbers(optimizer, 1))];
  const [count, factor, ...rest] = scalars.map((name) => take(name, [])) as [Tensor, Tensor, ...Tensor[]];
  const numbers = Object.fromEntries(rest.map((tensor, i) => [scalars[i + 2] as string, tensor]));
  const loss = take('loss', []);
  const gradients = parameters.map((p) => take(arrayName.gradient(p.name), p.shape));
  const norm = sqrt(gradients.map((g) => g.mul(g).sum()).reduce((a, b) => a.add(b))).div(count);
  const clipping = clip > 0 ? minimum(reciprocal(norm.add(1e-6)).mul(clip), 1) : 1;
  const scale = reciprocal(count).mul(clipping);
  const arrays: Record<string, Tensor> = {};
  parameters.forEach((p, i) => {
    const slots = Object.entries(rule.slots(optimizer, p)).map(([slot, shape]) => [slot, take(arrayName.slot(slot, p.name), shape)]);
    const place = {
      name: p.name,
      shape: p.shape,
      parameter: take(arrayName.value(p.name), p.shape),
      gradient: (gradients[i] as Tensor).mul(scale),
      slots: Object.fromEntries(slots) as Record<string, Tensor>,
    };
    const updated = rule.trace(optimizer, place, { numbers, rate: factor.mul(p.rate), decays: p.decays });
    arrays[arrayName.value(p.name)] = updated.parameter;
    for (const [slot, value] of Object.entries(updated.slots)) arrays[arrayName.slot(slot, p.name)] = value;
    if (average > 0) {
      const mean = take(arrayName.average(p.name), p.shape);
      arrays[arrayName.average(p.name)] = mean.add(updated.parameter.sub(mean).mul(1 - average));
    }
  });
  // An output may not be called as an input is.
  const outputs = Object.fromEntries(Object.entries({ loss: loss.div(count), norm, ...arrays }).map(([name, y]) => [newName(name), y]));
  const inputs = declared.map((spec, i) => ({ name: names[i] as string, spec }));
  return { onnx: encodeModel(lowerProgram(outputs, inputs, engine).model), scalars, arrays: Object.keys(arrays) };
}
