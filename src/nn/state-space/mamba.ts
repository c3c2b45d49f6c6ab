import { type Dim, fail, uniform as uniformNumber } from '../../core/index.js';
import {
  concat,
  conv,
  formatSpec,
  type Initializer,
  Parameter,
  parameterTensor,
  silu,
  softplus,
  type Tensor,
  tap,
  zeros,
} from '../../ops/index.js';
import type { FormDeclaration } from '../form.js';
import { ones, uniform } from '../initializers.js';
import { Linear } from '../linear.js';
import { Module } from '../module.js';
import type { InputRule } from './discretise.js';
import { type SelectiveInputs, selectivePattern, selectiveScan } from './selective-scan.js';

export interface MambaOptions {
  /** C, of x and of the output. */
  readonly width: number;
  /** Numbers of a channel's state, N; 16 by default. */
  readonly stateWidth?: number | undefined;
  /** Inner channels for each of x's; 2 by default. */
  readonly expand?: number | undefined;
  /** Tokens that the convolution sees; 4 by default. */
  readonly kernel?: number | undefined;
  /** Rank of what makes Δ; width/16, rounded up, by default. */
  readonly deltaRank?: number | undefined;
  /** Tokens scanned at once; see `selectiveScan`. */
  readonly chunk?: number | undefined;
  /** How inputs enter; by Euler's step by default, as in the paper's code. */
  readonly rule?: InputRule | undefined;
  /** How the projections of x, of what selects and of the output start; `Linear`'s way by default. */
  readonly initializer?: Initializer | undefined;
}

/** What a block keeps of the tokens before, whatever their number. */
export interface MambaState {
  /** [B,E,kernel−1]: the last inputs of the convolution. */
  readonly window: Tensor;
  /** [B,E,N] */
  readonly state: Tensor;
}

/**
 * A Mamba block (Gu and Dao 2023, section 3.4, figure 3): u, z = x W; u = silu(conv(u)), causal, each channel by itself;
 * Δ = softplus(u W_Δ), B = u W_B, C = u W_C; y = scan(u) + D ∘ u; out = (y ∘ silu(z)) W_o. Their D, E, N, R are our C,
 * expand, N, deltaRank. Residual sum and norm are the caller's. In the place of attention and MLP; knows positions by itself.
 *
 * The paper's code keeps weight decay from A: `train`'s `groups: [{ match: '*.logA', decays: false }]`.
 *
 * Taps `convolved`, `delta` and `scanned` [B,T,E] and `output` [B,T,C]. It never forms weights between tokens; those that
 * it implies are `pattern(x)`.
 */
export class Mamba extends Module {
  /** To u and z: [C,2E] */
  readonly input: Linear;
  /** [E,1,kernel] */
  readonly convolution: Parameter;
  /** [E] */
  readonly convolutionBias: Parameter;
  /** To what makes Δ, to B and to C: [E,R+2N] */
  readonly selection: Linear;
  /** [R,E] */
  readonly delta: Linear;
  /** ln(−A) [E,N] */
  readonly logA: Parameter;
  /** D [E] */
  readonly skip: Parameter;
  readonly output: Linear;
  readonly rank: number;
  readonly options: MambaOptions;

  /** @throws value: a size that is not a whole number from 1 */
  constructor(options: MambaOptions) {
    super();
    const { width, stateWidth = 16, expand = 2, kernel = 4, deltaRank = Math.ceil(width / 16), initializer } = options;
    for (const [name, size] of Object.entries({ width, stateWidth, expand, kernel, deltaRank })) {
      if (!Number.isInteger(size) || size < 1)
        throw fail('value', { where: 'Mamba', rule: `${name}: a whole number from 1`, got: String(size) });
    }
    const inner = expand * width;
    const near = uniform(-1 / Math.sqrt(kernel), 1 / Math.sqrt(kernel));
    this.input = new Linear(width, 2 * inner, { bias: false, initializer });
    this.convolution = new Parameter([inner, 1, kernel], near);
    this.convolutionBias = new Parameter([inner], near);
    this.selection = new Linear(inner, deltaRank + 2 * stateWidth, { bias: false, initializer });
    this.delta = new Linear(deltaRank, inner, {
      initializer: uniform(-(deltaRank ** -0.5), deltaRank ** -0.5),
      biasInitializer: stepSizes,
    });
    this.logA = new Parameter([inner, stateWidth], wholeNumbers);
    this.skip = new Parameter([inner], ones);
    this.output = new Linear(inner, width, { bias: false, initializer });
    this.rank = deltaRank;
    this.options = options;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor): Tensor {
    return tap('output', this.advance(x).output);
  }

  /** The next tokens of a text, from what was kept of those before; the same as the last rows of `forward` over all of it. */
  step(x: Tensor, state?: MambaState): { readonly output: Tensor; readonly state: MambaState } {
    return this.advance(x, state);
  }

  /** The weights that the scan implies between tokens, in each inner channel: [B,E,T,T]. @param x [B,T,C] */
  pattern(x: Tensor): Tensor {
    return selectivePattern(this.select(this.convolve(this.branches(x)[0]).channels), this.options.rule);
  }

  private advance(x: Tensor, past?: MambaState): { readonly output: Tensor; readonly state: MambaState } {
    const [open, gate] = this.branches(x);
    const { channels, window } = this.convolve(open, past?.window);
    const { chunk, rule } = this.options;
    const { y, state } = selectiveScan(channels, this.select(channels), { chunk, rule, state: past?.state });
    const scanned = tap('scanned', y.add(channels.mul(parameterTensor(this.skip))));
    return { output: this.output.forward(scanned.mul(silu(gate))), state: { window, state } };
  }

  /** u and z, [B,T,E] each. */
  private branches(x: Tensor): [Tensor, Tensor] {
    const width = this.input.weight.shape[0] as number;
    if (x.rank !== 3 || x.shape[2] !== width) throw fail('shape', { where: 'Mamba', rule: `x [B,T,${width}]`, got: formatSpec(x) });
    return this.input.forward(x).split(2, 2) as [Tensor, Tensor];
  }

  /** silu(conv(u)), [B,T,E], and the last inputs for the tokens to come. */
  private convolve(open: Tensor, past?: Tensor): { readonly channels: Tensor; readonly window: Tensor } {
    const [inner, , kernel] = this.convolution.shape as [number, number, number];
    const rows = open.transpose([0, 2, 1]); // [B,E,T]
    const before = past ?? zeros([open.shape[0] as Dim, inner, kernel - 1], open.dtype);
    const seen = kernel === 1 ? rows : concat([before, rows], 2);
    const convolved = conv(seen, parameterTensor(this.convolution), { groups: inner }).transpose([0, 2, 1]);
    const channels = tap('convolved', silu(convolved.add(parameterTensor(this.convolutionBias))));
    return { channels, window: kernel === 1 ? before : seen.slice([null, null, [1 - kernel]]) };
  }

  /** Δ, A, B, C of the tokens. */
  private select(channels: Tensor): SelectiveInputs {
    const stateWidth = this.logA.shape[1] as number;
    const made = this.selection.forward(channels).split([this.rank, stateWidth, stateWidth], 2);
    const [low, b, c] = made as [Tensor, Tensor, Tensor];
    return { delta: tap('delta', softplus(this.delta.forward(low))), a: parameterTensor(this.logA).exp().neg(), b, c };
  }
}

/** A = −1, …, −N in each channel (S4D-Real; section 3.6). */
const wholeNumbers: Initializer = (values, shape) => {
  const width = shape[1] as number;
  for (let i = 0; i < values.length; i++) values[i] = Math.log((i % width) + 1);
};

/** Biases of which softplus is spread evenly in its logarithm over [0.001, 0.1] (section 3.6). */
const stepSizes: Initializer = (values, _, key) => {
  for (let i = 0; i < values.length; i++) {
    const delta = 0.001 * 100 ** uniformNumber(key, i);
    values[i] = delta + Math.log(-Math.expm1(-delta));
  }
};

export const mambaForm: FormDeclaration = {
  name: 'Mamba',
  formula: '(scan(silu(conv(x W_u))) ∘ silu(x W_z)) W_o, Δ, B, C made of the tokens',
  paper: 'Gu and Dao 2023 (Mamba), section 3.4',
  time: 'T·C·(C + N)',
  memory: 'T·C·N for gradients, C·N for generation',
  exact: true,
  causal: 'yes',
  cacheable: false,
  use: 'A layer in the place of attention and MLP whose generation costs the same at any length.',
  file: 'src/nn/state-space/mamba.ts',
};
