import type { Tensor } from '../../../ops/index.js';
import { Operands, type Rule, shown } from './rule.js';
import { along } from './scene.js';

/** Layer norm, (x − μ)/√(σ² + ε) · w + b, and RMS norm, x/√(mean(x²) + ε) · w. */
export const normRule: Rule = async (scene, { tensor, index }) => {
  const { node } = tensor;
  const [x, weight, bias] = node.inputs as [Tensor, Tensor, Tensor | undefined];
  const { epsilon } = node.attrs as { readonly epsilon: number };
  const channel = index.at(-1) as number;
  const operands = new Operands(scene);
  const of = operands.factor({ symbol: 'x', place: { tensor: x, index } });
  const over = operands.operand('x', along(x, index, index.length - 1));
  const scale = operands.factor({ symbol: 'w', place: { tensor: weight, index: [channel] } });
  const shift = bias && operands.factor({ symbol: 'b', place: { tensor: bias, index: [channel] } });
  await operands.load();
  const row = over();
  const centres = node.op.name === 'layer_norm';
  const mean = centres ? average(row.values, (v) => v) : 0;
  const variance = average(row.values, (v) => (v - mean) ** 2);
  const [own, w, b] = [of(), scale(), shift?.()];
  const computed = ((own.value - mean) / Math.sqrt(variance + epsilon)) * w.value + (b?.value ?? 0);
  const centred = centres ? `(${shown(own.value)} − ${shown(mean)})` : shown(own.value);
  return {
    equation: { kind: 'norm', of: own, over: row, ...(centres && { mean }), variance, epsilon, weight: w, ...(b && { bias: b }) },
    computed,
    text: `${centred} / √(${shown(variance)} + ${shown(epsilon)}) · ${shown(w.value)}${b === undefined ? '' : ` + ${shown(b.value)}`}`,
  };
};

function average(values: Float32Array, f: (value: number) => number): number {
  return values.reduce((sum, value) => sum + f(value), 0) / values.length;
}
