import { maximum, type Tensor } from '../../ops/index.js';
import { belowOne, checkDecoupledDecay, checkRange, positive } from './ranges.js';
import type { ParameterInfo, Place, TracedPlace, TracedUpdate, Update, UpdateRule } from './rule.js';

/** Adafactor's numbers. */
export interface Adafactor {
  readonly kind: 'adafactor';
  /** Peak learning rate; the schedule scales it. */
  readonly lr: number;
  /** Steps are relative to a parameter's size and shrink with 1/√t; else every step is lr. */
  readonly relative: boolean;
  /** β₁ of a running mean of the updates; 0 keeps none, and no memory for it. */
  readonly beta1: number;
  /** γ: the second moments decay with 1 - t^(-γ). */
  readonly decayRate: number;
  /** d: an update whose root mean square is above it is scaled down to it. */
  readonly clipThreshold: number;
  /** ε₁, added to squared gradients, and ε₂, the least size of a parameter. */
  readonly epsilons: readonly [number, number];
  /** Decoupled; of matrices only, unless a group says otherwise. */
  readonly weightDecay: number;
}

/**
 * Adafactor (Shazeer and Stern 2018, "Adaptive Learning Rates with Sublinear Memory Cost", algorithms 4 to 6). Of a
 * matrix [n,m] it remembers n + m numbers instead of n·m; of higher ranks each matrix of the last two axes.
 *
 * β = 1 - t^(-γ); R = βR + (1-β)(mean over columns of g² + ε₁); C = βC + (1-β)(mean over rows of g² + ε₁);
 * V = R Cᵀ / mean(R), and of vectors V = βV + (1-β)(g² + ε₁); U = g/√V; p = p - α·U / max(1, RMS(U)/d) - lr·λp.
 * Relative steps: α = max(ε₂, RMS(p)) · min(lr, 1/√t); else α = lr. With β₁ the update is m = β₁m + (1-β₁)α·U/max(…), as
 * the authors' code has it. The defaults are the paper's: relative, lr 1e-2, γ 0.8, d 1, ε (1e-30, 1e-3), no β₁, no decay.
 * @throws value: a number outside its range
 */
export function adafactor(options: Partial<Omit<Adafactor, 'kind'>> = {}): Adafactor {
  const { lr = 1e-2, relative = true, beta1 = 0, decayRate = 0.8, clipThreshold = 1, epsilons = [1e-30, 1e-3], weightDecay = 0 } = options;
  const where = 'adafactor';
  checkDecoupledDecay(where, lr, weightDecay);
  checkRange(where, 'beta1', beta1, belowOne);
  checkRange(where, 'decayRate', decayRate, { rule: 'lies in (0, 1]', holds: (x) => x > 0 && x <= 1 });
  checkRange(where, 'clipThreshold', clipThreshold, positive);
  // Below, averages of it would leave float32's range, and a gradient of zeros be divided by zero.
  checkRange(where, 'epsilons[0]', epsilons[0], { rule: 'is at least 1e-32, and below 1', holds: (x) => x >= 1e-32 && x < 1 });
  checkRange(where, 'epsilons[1]', epsilons[1], positive);
  return { kind: where, lr, relative, beta1, decayRate, clipThreshold, epsilons, weightDecay };
}

export const adafactorRule: UpdateRule<Adafactor> = {
  slots({ beta1 }, parameter) {
    const { rows, columns, lead } = matrices(parameter);
    const second =
      parameter.shape.length < 2 ? { second_moment: parameter.shape } : { row_moment: [...lead, rows], column_moment: [...lead, columns] };
    return beta1 === 0 ? second : { ...second, first_moment: parameter.shape };
  },
  /** Sums of squares of the columns, in float64. */
  scratch: (_, parameter) => (parameter.shape.length < 2 ? 0 : 2 * matrices(parameter).columns),
  update(options, place, update) {
    const { lr, relative, beta1, clipThreshold, epsilons, weightDecay } = options;
    const { size, parameter, gradient, slots } = place;
    const { kernels, t, rate, decays } = update;
    const parameterSize = relative ? Math.sqrt(kernels.sumOfSquares(parameter, size) / size) : 0;
    const step = rate * (relative ? Math.max(epsilons[1], parameterSize) * Math.min(lr, 1 / Math.sqrt(t)) : lr);
    const rms = Math.sqrt(direction(options, place, update) / size);
    const clipped = step / Math.max(1, rms / clipThreshold);
    const shrink = decays ? lr * rate * weightDecay : 0;
    if (beta1 > 0) kernels.momentum(slots.first_moment as number, gradient, size, beta1, (1 - beta1) * clipped, 0, 1);
    kernels.descend(parameter, gradient, size, shrink, beta1 > 0 ? 1 : clipped);
  },
  numbers: ({ lr, relative, decayRate }, t) => ({
    step: relative ? Math.min(lr, 1 / Math.sqrt(t)) : lr,
    kept: 1 - t ** -decayRate,
    taken: t ** -decayRate,
  }),
  trace(options, place, update) {
    const { lr, relative, beta1, clipThreshold, epsilons, weightDecay } = options;
    const { parameter } = place;
    const { rate, decays, numbers } = update;
    const { direction, slots } = tracedDirection(options, place, update);
    const step = rate.mul(numbers.step as Tensor);
    const sized = relative ? step.mul(maximum(rootMeanSquare(parameter), epsilons[1])) : step;
    const clipped = direction.mul(sized.div(maximum(rootMeanSquare(direction).div(clipThreshold), 1)));
    const moved = beta1 > 0 ? (place.slots.first_moment as Tensor).mul(beta1).add(clipped.mul(1 - beta1)) : clipped;
    const change = decays && weightDecay > 0 ? parameter.mul(rate.mul(lr * weightDecay)).add(moved) : moved;
    return { parameter: parameter.sub(change), slots: beta1 > 0 ? { ...slots, first_moment: moved } : slots };
  },
};

/** U = g/√V, and the second moments it is made of. */
function tracedDirection(
  { epsilons }: Adafactor,
  { shape, gradient, slots }: TracedPlace,
  { numbers }: TracedUpdate,
): { readonly direction: Tensor; readonly slots: Readonly<Record<string, Tensor>> } {
  const { kept, taken } = numbers as Record<'kept' | 'taken', Tensor>;
  const squares = gradient.mul(gradient);
  const moment = (slot: string, now: Tensor): Tensor => (slots[slot] as Tensor).mul(kept).add(now.add(epsilons[0]).mul(taken));
  if (shape.length < 2) {
    const second = moment('second_moment', squares);
    return { direction: gradient.div(second.sqrt()), slots: { second_moment: second } };
  }
  const rows = moment('row_moment', squares.mean({ axis: -1 }));
  const columns = moment('column_moment', squares.mean({ axis: -2 }));
  // Roots before the product: R C of moments near ε₁ would leave float32's range.
  const scale = rows
    .div(rows.mean({ axis: -1, keep: true }))
    .sqrt()
    .unsqueeze(-1);
  return { direction: gradient.div(scale).div(columns.sqrt().unsqueeze(-2)), slots: { row_moment: rows, column_moment: columns } };
}

function rootMeanSquare(x: Tensor): Tensor {
  return x.mul(x).mean().sqrt();
}

/** Overwrites the gradient by U, and gives Σ U². */
function direction({ decayRate, epsilons }: Adafactor, place: Place, { kernels, t, gradientScale }: Update): number {
  const { gradient, slots, size, scratch } = place;
  const beta = 1 - t ** -decayRate;
  if (place.shape.length < 2)
    return kernels.adafactorVector(gradient, slots.second_moment as number, size, beta, epsilons[0], gradientScale);
  const { rows, columns, count } = matrices(place);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const g = gradient + i * rows * columns * 4;
    const r = (slots.row_moment as number) + i * rows * 4;
    const c = (slots.column_moment as number) + i * columns * 4;
    kernels.adafactorMoments(g, rows, columns, r, c, beta, epsilons[0], gradientScale, scratch);
    total += kernels.adafactorDirection(g, rows, columns, r, c, gradientScale, scratch);
  }
  return total;
}

/** A parameter as matrices of its last two axes. */
function matrices({ shape }: ParameterInfo): { rows: number; columns: number; lead: readonly number[]; count: number } {
  const lead = shape.slice(0, -2);
  return { rows: shape.at(-2) ?? 1, columns: shape.at(-1) ?? 1, lead, count: lead.reduce((a, b) => a * b, 1) };
}
