import type { Tensor } from '../../../ops/index.js';
import { broadcastIndex } from './place.js';
import { Operands, type Rule, shown } from './rule.js';

/** Functions of single numbers: as people write them, and as TypeScript does. */
export const functions: Readonly<Record<string, { readonly formula: string; readonly code: string }>> = {
  add: { formula: 'a + b', code: '(a + b)' },
  sub: { formula: 'a − b', code: '(a - b)' },
  mul: { formula: 'a · b', code: 'a * b' },
  div: { formula: 'a / b', code: '(a / b)' },
  pow: { formula: 'aᵇ', code: 'a ** b' },
  neg: { formula: '−a', code: '-a' },
  abs: { formula: '|a|', code: 'Math.abs(a)' },
  exp: { formula: 'eᵃ', code: 'Math.exp(a)' },
  log: { formula: 'ln a', code: 'Math.log(a)' },
  sqrt: { formula: '√a', code: 'Math.sqrt(a)' },
  reciprocal: { formula: '1 / a', code: '(1 / a)' },
  sin: { formula: 'sin a', code: 'Math.sin(a)' },
  cos: { formula: 'cos a', code: 'Math.cos(a)' },
  tanh: { formula: 'tanh a', code: 'Math.tanh(a)' },
  sigmoid: { formula: '1 / (1 + e⁻ᵃ)', code: '(1 / (1 + Math.exp(-a)))' },
  softplus: { formula: 'ln(1 + eᵃ)', code: 'Math.log1p(Math.exp(a))' },
  relu: { formula: 'max(a, 0)', code: 'Math.max(a, 0)' },
  maximum: { formula: 'max(a, b)', code: 'Math.max(a, b)' },
  minimum: { formula: 'min(a, b)', code: 'Math.min(a, b)' },
  where: { formula: 'a ? b : c', code: '(a !== 0 ? b : c)' },
  gelu: { formula: 'a · Φ(a)', code: '' },
};

/** The tanh form of GELU, which GPT-2 has. */
const approximateGelu = {
  formula: 'a · σ(2√(2/π)(a + 0.044715 a³))',
  code: 'a / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3)))',
};

const letters = ['a', 'b', 'c'];

/** y = f(a, b, …), element by element; worked out by the op's own reference. */
export const elementwiseRule: Rule = async (scene, { tensor, index }) => {
  const { op, inputs, attrs } = tensor.node;
  const operands = new Operands(scene);
  const made = inputs.map((x: Tensor, i) =>
    operands.factor({ symbol: letters[i] as string, place: { tensor: x, index: broadcastIndex(index, x.shape as readonly number[]) } }),
  );
  await operands.load();
  const factors = made.map((make) => make());
  const [result] = op.reference(
    factors.map(({ value }) => ({ shape: [], data: Float64Array.of(value) })),
    attrs,
  );
  const { formula } = formOf(tensor);
  return {
    equation: { kind: 'function', name: op.name, formula, arguments: factors },
    computed: result?.data[0] as number,
    text: formula.replace(/\b[abc]\b/g, (letter) => shown(factors[letters.indexOf(letter)]?.value ?? Number.NaN)),
  };
};

/** How an elementwise op is written. */
export function formOf({ node }: Tensor): { readonly formula: string; readonly code: string } {
  if (node.op.name === 'gelu' && (node.attrs as { readonly approximate?: boolean }).approximate) return approximateGelu;
  return functions[node.op.name] ?? { formula: node.op.doc, code: '' };
}
