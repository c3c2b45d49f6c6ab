import { fail } from '../core/index.js';
import type { FormDeclaration } from '../nn/index.js';
import { geometricFrequencies } from './frequencies.js';

/** How rotary frequencies are changed for texts longer than those a model was first trained on; names as in Hugging Face's configs, in words. */
export type RotaryScaling =
  /** Every position divided by `factor` (Chen et al. 2023, position interpolation). */
  | { readonly kind: 'linear'; readonly factor: number }
  /**
   * Dynamic NTK scaling: the base grows with the length of a text beyond the context a model was trained on, and is the
   * model's own up to there. Contexts here end there, so nothing is scaled; the factor is kept for who goes beyond.
   */
  | { readonly kind: 'dynamic'; readonly factor: number }
  /** Llama 3.1: slow rotations are divided by `factor`, fast ones kept, those between blended. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Tokens of the first training's context. */
      readonly originalContext: number;
    }
  /** YaRN (Peng et al. 2023): as many turns within the first context decide, and scores grow with the factor. */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalContext: number;
      /** Turns from which a rotation is kept; 32 in the paper. */
      readonly fastTurns: number;
      /** Turns up to which a rotation is divided; 1 in the paper. */
      readonly slowTurns: number;
      /** Factor of cosines and sines; 0.1 ln(factor) + 1 in the paper. */
      readonly attentionFactor: number;
    };

/** Radians by which each pair of numbers turns per position, and a factor of its cosines and sines. */
export interface RotaryFrequencies {
  /** [R/2], falling. */
  readonly radians: Float64Array;
  readonly amplitude: number;
}

/**
 * The frequencies of rotary positions: θ_i = base^(−2i/R) for the pairs i = 0 … R/2 − 1 (Su et al. 2021, section 3.2.2),
 * scaled where told to.
 * @param width R, how many numbers of a head turn; even
 * @throws shape: an odd width; value: a base or factor that is not above 0
 */
export function rotaryFrequencies(width: number, base: number, scaling?: RotaryScaling): RotaryFrequencies {
  if (!Number.isInteger(width) || width < 2 || width % 2 !== 0)
    throw fail('shape', {
      where: 'rotary positions',
      rule: 'an even number of rotated dimensions',
      got: String(width),
    });
  if (!(base > 0)) throw fail('value', { where: 'rotary positions', rule: 'a base above 0', got: String(base) });
  const radians = geometricFrequencies(width, base);
  if (scaling === undefined) return { radians, amplitude: 1 };
  if (!(scaling.factor > 0))
    throw fail('value', { where: 'rotary positions', rule: 'a scaling factor above 0', got: String(scaling.factor) });
  switch (scaling.kind) {
    case 'linear':
      return { radians: radians.map((r) => r / scaling.factor), amplitude: 1 };
    case 'dynamic':
      return { radians, amplitude: 1 };
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
      // Turns within the first context: up to `low` divided, from `high` kept.
      const kept = (r: number): number => unit(((originalContext * r) / (2 * Math.PI) - low) / (high - low));
      return { radians: radians.map((r) => blend(r / factor, r, kept(r))), amplitude: 1 };
    }
    case 'yarn': {
      const { factor, originalContext, fastTurns, slowTurns, attentionFactor } = scaling;
      // The pair that makes so many turns within the first context (Peng et al. 2023, eq. 17 and 18, solved for the pair).
      const pairOf = (turns: number): number => (width * Math.log(originalContext / (turns * 2 * Math.PI))) / (2 * Math.log(base));
      const first = Math.max(0, Math.floor(pairOf(fastTurns)));
      const last = Math.min(width - 1, Math.ceil(pairOf(slowTurns)));
      const divided = (i: number): number => unit((i - first) / Math.max(last - first, 1e-3));
      return { radians: radians.map((r, i) => blend(r, r / factor, divided(i))), amplitude: attentionFactor };
    }
  }
}

/** a where w is 0, b where it is 1. */
function blend(a: number, b: number, w: number): number {
  return a * (1 - w) + b * w;
}

function unit(x: number): number {
  return Math.min(1, Math.max(0, x));
}

const common = {
  time: 'T·D',
  memory: 'T·D',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/position/rotary-frequencies.ts',
} as const;

export const rotaryScalingForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'Rotary (linear scaling)',
    formula: 'θ′_i = θ_i / f',
    paper: 'Chen et al. 2023 (position interpolation), eq. 4',
    use: 'Texts f times as long as those first trained on, after a little training; near tokens blur.',
  },
  {
    ...common,
    name: 'Rotary (llama3 scaling)',
    formula: 'θ′_i between θ_i / f and θ_i, by the turns θ_i makes in the first context',
    paper: 'Llama Team 2024 (Llama 3.1), as its code has it',
    use: 'Llama 3.1 and later.',
  },
  {
    ...common,
    name: 'Rotary (YaRN scaling)',
    formula: 'θ′_i between θ_i / f and θ_i by turns; cos and sin times 0.1 ln f + 1',
    paper: 'Peng et al. 2023 (YaRN), section 3',
    use: 'Long texts with little training or none: fast rotations, which tell near tokens apart, are kept.',
  },
];
