import { isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { mapRef, type RefArray } from '../reference.js';
import { apply, applyOne, asTensor, type Tensor, type TensorLike } from '../tensor.js';
import type { NoAttrs } from './binary.js';
import { exp } from './exponential.js';
import { defineUnary, unary } from './unary.js';

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt: Taylor series for small x, a continued fraction of erfc for large (to float64's precision). */
export function erfNumber(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; n < 80 && Math.abs(term) > 1e-18; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = a;
  for (let n = 60; n > 0; n--) f = a + n / 2 / f;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (f * Math.sqrt(Math.PI)));
}

const tanhOp = defineUnary({ name: 'tanh', doc: 'y = tanh x.', f: Math.tanh, vjp: ({ y, g }) => g.sub(g.mul(y.mul(y))), onnx: 'Tanh' });
const sigmoidOp = defineUnary({
  name: 'sigmoid',
  doc: 'y = 1 / (1 + e^(−x)).',
  f: (x) => 1 / (1 + Math.exp(-x)),
  vjp: ({ y, g }) => g.mul(y.sub(y.mul(y))),
  onnx: 'Sigmoid',
});
const softplusOp = defineUnary({
  name: 'softplus',
  doc: 'y = ln(1 + eˣ).',
  f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  vjp: ({ x, g }) => g.mul(sigmoid(x)),
  onnx: 'Softplus',
});
const erfOp = defineUnary({
  name: 'erf',
  doc: 'y = erf x = 2/√π ∫₀ˣ e^(−t²) dt.',
  f: erfNumber,
  vjp: ({ x, g }) => g.mul(exp(x.mul(x).neg()).mul(2 / Math.sqrt(Math.PI))),
  onnx: 'Erf',
});

/**
 * Three outputs: y, the factor Φ with y = x·Φ, and (in the tanh form) the slope a with Φ = σ(x·a); the backward pass needs
 * them again. Where nothing reads them, the lowering is one fused operator.
 */
interface GeluAttrs {
  readonly approximate: boolean;
}
/** 2√(2/π), and the cubic's coefficient times it: Φ ≈ σ(x·a), a = k₀ + k₁x². */
const k0 = 2 * Math.sqrt(2 / Math.PI);
const k1 = 0.044715 * k0;

const geluOp = defineOp<GeluAttrs>({
  name: 'gelu',
  doc: 'y = x·Φ(x), Φ the normal distribution (Hendrycks and Gimpel 2016); approximate: Φ ≈ σ(2√(2/π)(x + 0.044715x³)).',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined || !isFloat(x.dtype)) throw refuse('a float tensor is expected', { code: 'dtype' });
    return [x, x, x];
  },
  vjp: ({ inputs, outputs, attrs, grads }) => {
    const x = inputs[0] as Tensor;
    const [y, factor, slope] = outputs as [Tensor, Tensor, Tensor];
    // All three are functions of x: dx = g·(Φ + x·Φ') + gΦ·Φ' + ga·a'. In the tanh form Φ' = Φ(1 − Φ)(3a − 2k₀), for
    // (x·a)' = k₀ + 3k₁x² = 3a − 2k₀; else Φ' is the normal density.
    const [g, gFactor, gSlope] = grads;
    const steepness = (): Tensor => slope.mul(3).sub(2 * k0);
    const density = (): Tensor => exp(x.mul(x).mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI));
    const ofFactor = (): Tensor => (attrs.approximate ? factor.sub(factor.mul(factor)).mul(steepness()) : density());
    const rising = (): Tensor => (attrs.approximate ? y.sub(y.mul(factor)).mul(steepness()) : x.mul(density()));
    const parts = [g?.mul(factor.add(rising())), gFactor?.mul(ofFactor()), attrs.approximate ? gSlope?.mul(x.mul(2 * k1)) : undefined];
    return [parts.filter((p) => p !== undefined).reduce<Tensor | undefined>((sum, p) => (sum === undefined ? p : sum.add(p)), undefined)];
  },
  order: 'any',
  lower: (e, { inputs, attrs, used }) => {
    const x = inputs[0] as string;
    if (!used[1] && !used[2]) {
      // FastGelu is the tanh form in one fused kernel; ONNX's own Gelu covers the rest.
      if (attrs.approximate && e.fused) return [e.one('FastGelu', [x], { domain: 'com.microsoft' }), '', ''];
      return [e.one('Gelu', [x], { attributes: { approximate: attrs.approximate ? 'tanh' : 'none' } }), '', ''];
    }
    const number = (v: number): string => e.scalar(v, 'float32');
    if (attrs.approximate) {
      const slope = e.one('Add', [e.one('Mul', [e.one('Mul', [x, x]), number(k1)]), number(k0)]);
      const factor = e.one('Sigmoid', [e.one('Mul', [x, slope])]);
      return [e.one('Mul', [x, factor]), factor, slope];
    }
    const erf = e.one('Erf', [e.one('Mul', [x, number(Math.SQRT1_2)])]);
    const factor = e.one('Mul', [e.one('Add', [erf, number(1)]), number(0.5)]);
    return [e.one('Mul', [x, factor]), factor, used[2] ? e.one('Mul', [x, number(0)]) : ''];
  },
  reference: ([x], { approximate }) => {
    const slope = (v: number): number => (approximate ? k0 + k1 * v * v : 0);
    const phi = (v: number): number => (approximate ? 1 / (1 + Math.exp(-v * slope(v))) : 0.5 * (1 + erfNumber(v * Math.SQRT1_2)));
    return [(v: number) => v * phi(v), phi, slope].map((f) => mapRef(f, x as RefArray));
  },
  cases: [true, false].map((approximate) => ({ attrs: { approximate }, inputs: [{ shape: [3, 5], range: [-4, 4] as const }] })),
});

const reluOp = defineOp<NoAttrs>({
  name: 'relu',
  doc: 'y = max(x, 0); its derivative at 0 is taken as 0.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined || !isFloat(x.dtype)) throw refuse('a float tensor is expected', { code: 'dtype' });
    return [x];
  },
  vjp: ({ outputs: [y], g }) => [g.mul((y as Tensor).greater(0).cast(g.dtype))],
  order: 'any',
  lower: (e, { inputs }) => [e.one('Relu', inputs)],
  reference: ([x]) => [mapRef((v) => Math.max(v, 0), x as RefArray)],
  cases: [{ attrs: {}, inputs: [{ shape: [2, 3], values: [-1, 0.5, 2, -0.25, 1, -3] }] }],
});

/** y = tanh x; in (−1, 1). */
export const tanh = unary(tanhOp);
/** y = 1/(1 + e^(−x)); in (0, 1). */
export const sigmoid = unary(sigmoidOp);
/** y = ln(1 + eˣ); above 0, a smooth relu. */
export const softplus = unary(softplusOp);
/** y = erf x; in (−1, 1). */
export const erf = unary(erfOp);
/** y = max(x, 0). */
export const relu = (x: TensorLike): Tensor => applyOne(reluOp, [asTensor(x)], {});
/** y = x·σ(x) (Elfwing et al. 2017; also called swish). */
export const silu = (x: Tensor): Tensor => x.mul(sigmoid(x));

/**
 * Gaussian error linear unit, y = x·Φ(x) (Hendrycks and Gimpel 2016).
 * @param options.approximate the tanh form that GPT-2 was trained with (`gelu_new` on Hugging Face)
 */
export function gelu(x: TensorLike, options: { approximate?: boolean } = {}): Tensor {
  return apply(geluOp, [asTensor(x)], { approximate: options.approximate ?? false })[0] as Tensor;
}
