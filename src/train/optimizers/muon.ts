import { fail, formatShape, globMatcher } from '../../core/index.js';
import { concat, type Tensor } from '../../ops/index.js';
import { type AdamW, adamW, adamWRule } from './adamw.js';
import { newtonSchulz, newtonSchulzKey, newtonSchulzProgram } from './newton-schulz.js';
import { belowOne, checkDecoupledDecay, checkRange, wholeFromOne } from './ranges.js';
import type { ParameterInfo, Place, TracedPlace, TracedResult, TracedUpdate, Update, UpdateRule } from './rule.js';

/** Muon's numbers. */
export interface Muon {
  readonly kind: 'muon';
  /** Peak learning rate of the matrices; the schedule scales it. */
  readonly lr: number;
  /** μ, of the running sum of gradients. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Newton–Schulz steps. */
  readonly steps: number;
  /** Decoupled. */
  readonly weightDecay: number;
  /** A glob of the parameters to orthogonalise, where they have rank 2: the hidden layers' weights, not embeddings or heads. */
  readonly matrices: string;
  /** How many matrices a parameter holds side by side, by glob: each is orthogonalised by itself. */
  readonly parts: Readonly<Record<string, number>>;
  /** What all other parameters are trained by. */
  readonly others: AdamW;
}

/** Muon's numbers as they are given; `others` may leave AdamW's defaults out. */
export type MuonOptions = Partial<Omit<Muon, 'kind' | 'others'> & { readonly others: Partial<Omit<AdamW, 'kind'>> }>;

/**
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): momentum, orthogonalised.
 * B = μB + g; D = g + μB (Nesterov; else B); O = NewtonSchulz(D / (‖D‖ + 1e-7)), which is about UVᵀ of D = UΣVᵀ;
 * p = p - lr·(√max(1, out/in)·O + λp), for weights [in,out]. All other parameters are trained by AdamW, at its own rate.
 * The defaults are the authors': lr 0.02, μ 0.95, Nesterov, 5 steps, no decay; queries, keys and values apart.
 * @throws value: a number outside its range
 */
export function muon(options: MuonOptions = {}): Muon {
  const { lr = 0.02, momentum = 0.95, nesterov = true, steps = 5, weightDecay = 0 } = options;
  const { matrices = 'blocks.*', parts = { '*.qkv.weight': 3 } } = options;
  checkDecoupledDecay('muon', lr, weightDecay);
  checkRange('muon', 'momentum', momentum, belowOne);
  checkRange('muon', 'steps', steps, wholeFromOne);
  for (const [glob, count] of Object.entries(parts)) checkRange('muon', `parts of ${glob}`, count, wholeFromOne);
  return { kind: 'muon', lr, momentum, nesterov, steps, weightDecay, matrices, parts, others: adamW(options.others) };
}

export const muonRule: UpdateRule<Muon> = {
  slots: (options, parameter) =>
    isMatrix(options, parameter) ? { momentum: parameter.shape } : adamWRule.slots(options.others, parameter),
  /** A copy, for parts are not contiguous. */
  scratch: (options, parameter) => {
    const { rows, columns, parts } = layout(options, parameter);
    return isMatrix(options, parameter) && parts > 1 ? rows * columns * parts : 0;
  },
  programs(options, parameters) {
    const found = parameters.filter((p) => isMatrix(options, p)).map((p) => ({ name: p.name, ...layout(options, p) }));
    if (found.length === 0) {
      throw fail('name', {
        where: 'muon',
        rule: 'matrices names parameters of rank 2',
        got: `'${options.matrices}'`,
        fix: `The parameters of rank 2 are ${parameters.flatMap((p) => (p.shape.length === 2 ? [p.name] : [])).join(', ') || 'none'}`,
      });
    }
    const { steps } = options;
    const keyOf = ({ rows, columns }: (typeof found)[number]) => newtonSchulzKey(rows, columns, steps);
    const shapes = new Map(found.map((p) => [keyOf(p), p]));
    return [...shapes].map(([key, { rows, columns }]) => {
      const users = found.filter((p) => keyOf(p) === key).map(({ name }) => name);
      return newtonSchulzProgram(rows, columns, steps, users);
    });
  },
  update(options, place, update) {
    return isMatrix(options, place) ? updateMatrix(options, place, update) : adamWRule.update(options.others, place, update);
  },
  numbers: ({ others }, t) => adamWRule.numbers(others, t),
  trace(options, place, update) {
    return isMatrix(options, place) ? traceMatrix(options, place, update) : adamWRule.trace(options.others, place, update);
  },
};

function traceMatrix(options: Muon, place: TracedPlace, { rate, decays }: TracedUpdate): TracedResult {
  const { parameter, gradient, slots } = place;
  const { momentum, nesterov } = options;
  const sum = (slots.momentum as Tensor).mul(momentum).add(gradient);
  const followed = nesterov ? gradient.add(sum.mul(momentum)) : sum;
  const { rows, columns, parts } = layout(options, place);
  const orthogonal = followed.split(parts, 1).map((part) => newtonSchulz(part.div(part.mul(part).sum().sqrt().add(1e-7)), options.steps));
  const lr = rate.mul(options.lr);
  const step = (parts === 1 ? (orthogonal[0] as Tensor) : concat(orthogonal, 1)).mul(lr.mul(Math.sqrt(Math.max(1, columns / rows))));
  const change = decays && options.weightDecay > 0 ? parameter.mul(lr.mul(options.weightDecay)).add(step) : step;
  return { parameter: parameter.sub(change), slots: { momentum: sum } };
}

async function updateMatrix(options: Muon, place: Place, update: Update): Promise<void> {
  const { size, parameter, gradient, slots, scratch } = place;
  const { kernels, memory, gradientScale } = update;
  const { momentum, nesterov } = options;
  const [own, look] = nesterov ? [gradientScale, momentum] : [0, 1];
  kernels.momentum(slots.momentum as number, gradient, size, momentum, gradientScale, own, look);
  const { rows, columns, parts } = layout(options, place);
  // Contiguous parts take turns in the scratch; a whole matrix is worked on where it lies.
  const work = parts > 1 ? scratch : gradient;
  const area = rows * columns;
  for (let part = 0; part < parts; part++) {
    const at = work + part * area * 4;
    if (parts > 1) moveColumns(memory, { rows, columns, parts, part, whole: gradient, apart: at }, 'out');
    kernels.scale(at, area, 1 / (Math.sqrt(kernels.sumOfSquares(at, area)) + 1e-7));
    const view = new Float32Array(memory.buffer, at, area);
    view.set(await update.run(newtonSchulzKey(rows, columns, options.steps), { matrix: view }));
    if (parts > 1) moveColumns(memory, { rows, columns, parts, part, whole: gradient, apart: at }, 'back');
  }
  const lr = options.lr * update.rate;
  // The weights are [in,out]: columns are outputs.
  const step = lr * Math.sqrt(Math.max(1, columns / rows));
  kernels.descend(parameter, gradient, size, update.decays ? lr * options.weightDecay : 0, step);
}

/** Where one of several matrices side by side lies: as columns of the whole, and apart. */
interface Columns {
  readonly rows: number;
  readonly columns: number;
  readonly parts: number;
  readonly part: number;
  readonly whole: number;
  readonly apart: number;
}

function moveColumns(memory: WebAssembly.Memory, { rows, columns, parts, part, whole, apart }: Columns, way: 'out' | 'back'): void {
  const inside = new Float32Array(memory.buffer, whole, rows * columns * parts);
  const alone = new Float32Array(memory.buffer, apart, rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = (row * parts + part) * columns;
    if (way === 'out') alone.set(inside.subarray(from, from + columns), row * columns);
    else inside.set(alone.subarray(row * columns, (row + 1) * columns), from);
  }
}

function isMatrix({ matrices }: Muon, { name, shape }: ParameterInfo): boolean {
  return shape.length === 2 && globMatcher(matrices)(name);
}

/** The matrices a parameter holds: `parts` of [rows,columns] side by side. @throws shape where they do not divide it */
function layout(options: Muon, { name, shape }: ParameterInfo): { rows: number; columns: number; parts: number } {
  const [rows = 1, width = 1] = shape;
  const parts = Object.entries(options.parts).find(([glob]) => globMatcher(glob)(name))?.[1] ?? 1;
  if (shape.length === 2 && width % parts !== 0) {
    throw fail('shape', {
      where: `muon, ${name}`,
      rule: `${parts} parts of as many columns each`,
      got: formatShape(shape),
      fix: 'Say how many matrices it holds with the option parts',
    });
  }
  return { rows, columns: width / parts, parts };
}
