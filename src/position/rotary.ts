import { type Dim, fail, HostArray } from '../core/index.js';
import type { FormDeclaration } from '../nn/index.js';
import { cast, concat, constant, cos, formatSpec, sin, stack, type Tensor } from '../ops/index.js';
import { type RotaryScaling, rotaryFrequencies } from './rotary-frequencies.js';
import { checkContext, tokenPositions } from './token-positions.js';

export interface RotaryOptions {
  /** Most tokens in a sequence. */
  readonly context: number;
  /** How many numbers of a head turn, from the first on; the rest stay. Even. */
  readonly width: number;
  /** Su et al.'s 10000; others since. */
  readonly base?: number;
  readonly scaling?: RotaryScaling | undefined;
  /** Whether pairs are neighbours (2i, 2i + 1), as in the paper, instead of halves (i, i + R/2), as Hugging Face has them. */
  readonly interleaved?: boolean | undefined;
}

/** Cosines and sines of the angles at each position: [T,R/2], or [B,1,T,R/2] where each token has its own position. */
export interface Rotation {
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** Whether pairs are neighbours; halves by default. */
  readonly interleaved?: boolean | undefined;
}

/**
 * Rotary positions (Su et al. 2021, "RoFormer"): pairs of numbers of queries and keys turn by an angle proportional to the
 * position, so that their products depend on distances only. There is nothing to learn, and angles are computed where they
 * are needed: positions may be known only when the program runs.
 */
export class Rotary {
  readonly context: number;
  readonly #radians: Tensor;
  readonly #amplitude: number;
  readonly #interleaved: boolean | undefined;

  /** @throws shape, value: as `rotaryFrequencies` */
  constructor({ context, width, base = 10000, scaling, interleaved }: RotaryOptions) {
    const { radians, amplitude } = rotaryFrequencies(width, base, scaling);
    this.context = context;
    this.#radians = constant(new HostArray(Float32Array.from(radians), [1, width / 2], 'float32'));
    this.#amplitude = amplitude;
    this.#interleaved = interleaved;
  }

  /**
   * The rotation of each position.
   * @param ids [B,T], only its sizes count
   * @param position int32: [1], the first token's, the others following it; or [B,T], each token's own. 0, 1, 2, … by default
   * @throws shape: more tokens than the context, or positions of another shape; dtype: positions that are not int32
   */
  at(ids: Tensor, position?: Tensor): Rotation {
    const [batch, length] = ids.shape as [Dim, Dim];
    checkContext(length, this.context);
    const { positions, perToken } = tokenPositions(ids, position);
    const column = positions.reshape(perToken ? [batch, 1, length, 1] : [length, 1]);
    const angles = cast(column, 'float32').mul(this.#radians);
    const scaled = (x: Tensor): Tensor => (this.#amplitude === 1 ? x : x.mul(this.#amplitude));
    return { cos: scaled(cos(angles)), sin: scaled(sin(angles)), interleaved: this.#interleaved };
  }
}

/**
 * Turns pairs of numbers: (a, b) → (a cos − b sin, b cos + a sin) (Su et al. 2021, eq. 34). Pairs are halves of what
 * turns, number i with i + R/2, as Hugging Face's layouts have it; `interleaved`, they are neighbours, as in the paper: what
 * the rotation says, unless told otherwise. Numbers beyond R stay (GPT-NeoX's partial rotation).
 * @param x [B,H,T,D], R ≤ D
 * @returns [B,H,T,D]
 * @throws shape: a rotation of more numbers than x has
 */
export function rotate(x: Tensor, { cos: c, sin: s, ...own }: Rotation, options: { readonly interleaved?: boolean } = {}): Tensor {
  const width = x.shape.at(-1) as number;
  const half = c.shape.at(-1) as number;
  if (2 * half > width) {
    throw fail('shape', {
      where: 'rotate',
      rule: `heads of at least ${2 * half} numbers, as many as turn`,
      got: formatSpec(x),
    });
  }
  const [turning, rest] = 2 * half === width ? [x] : (x.split([2 * half, width - 2 * half], -1) as [Tensor, Tensor]);
  let turned: Tensor;
  if (options.interleaved ?? own.interleaved) {
    const halves = turning.reshape([...x.shape.slice(0, -1), half, 2]).split(2, -1);
    const [a, b] = halves.map((p) => p.reshape([...x.shape.slice(0, -1), half])) as [Tensor, Tensor];
    turned = stack([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))], -1).reshape(turning.shape);
  } else {
    const [a, b] = turning.split(2, -1) as [Tensor, Tensor];
    turned = concat([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))], -1);
  }
  return rest === undefined ? turned : concat([turned, rest], -1);
}

const common = {
  time: 'T·D',
  memory: 'T·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/position/rotary.ts',
} as const;

export const rotaryForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'Rotary',
    formula: '(x_i, x_{i+R/2}) turned by p·θ_i, θ_i = base^{−2i/R}',
    paper: 'Su et al. 2021 (RoFormer), eq. 34; halves as GPT-NeoX and Llama in Hugging Face’s layout',
    use: 'Scores that depend on distance only, with nothing to learn; today’s usual choice.',
  },
  {
    ...common,
    name: 'Rotary (interleaved)',
    formula: '(x_{2i}, x_{2i+1}) turned by p·θ_i',
    paper: 'Su et al. 2021 (RoFormer), eq. 34',
    use: 'The same, for weights whose pairs are neighbours (the paper, GPT-J, Meta’s Llama files).',
  },
  {
    ...common,
    name: 'Rotary (partial)',
    formula: 'x_0 … x_{R−1} turn, x_R … x_{D−1} stay',
    paper: 'Black et al. 2022 (GPT-NeoX-20B), section 2.1',
    use: 'Leaves a part of each head free of positions, to match content at any distance.',
  },
];
