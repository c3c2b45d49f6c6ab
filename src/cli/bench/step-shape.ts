import { fail } from '../../core/index.js';
import { GPT2 } from '../../models/index.js';
import type { ActivationName } from '../../nn/index.js';

/** What one optimiser step trains: a GPT-2 and its batch. */
export interface StepShape {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Tokens per window. */
  readonly context: number;
  /** Windows per pass through the model. */
  readonly batch: number;
  readonly vocabulary: number;
  /** Passes per optimiser step, whose gradients add up. */
  readonly accumulate: number;
  readonly dropout: number;
}

/** A shape to compare at, and how long: steps whose losses are compared, rounds, timed steps per side and round. */
export interface StepCase {
  readonly shape: StepShape;
  readonly losses: number;
  readonly rounds: number;
  readonly steps: number;
}

export type SizeName = 'S' | 'L' | '124M';

const plain = { vocabulary: 65, accumulate: 1, dropout: 0 };

export const stepCases: Readonly<Record<SizeName, StepCase>> = {
  S: { shape: { ...plain, layers: 4, heads: 4, width: 128, context: 64, batch: 12 }, losses: 200, rounds: 15, steps: 20 },
  L: { shape: { ...plain, layers: 6, heads: 6, width: 384, context: 256, batch: 8 }, losses: 20, rounds: 6, steps: 3 },
  '124M': {
    shape: { ...plain, layers: 12, heads: 12, width: 768, context: 256, batch: 2, vocabulary: 50257 },
    losses: 2,
    rounds: 3,
    steps: 1,
  },
};

/** @param list such as `S,L` @throws name: a size that there is not */
export function sizeNames(list: string): SizeName[] {
  return list.split(',').map((text) => {
    const name = text.trim();
    if (Object.hasOwn(stepCases, name)) return name as SizeName;
    throw fail('name', { where: 'bench step --sizes', rule: `of ${Object.keys(stepCases).join(', ')}`, got: JSON.stringify(name) });
  });
}

/** The preset `baby`: L's model with dropout, 64 windows as 8 passes of 8. */
export const babyShape: StepShape = { ...stepCases.L.shape, accumulate: 8, dropout: 0.2 };

/** How the floating-point operations of a step are counted, in words. */
export const workFormula = '6·N·tokens + 12·L·C·T·tokens, N = 12·L·C² + V·C (weights of the matrix products)';

/**
 * Floating-point operations of one optimiser step, forward and backward: 6·N·tokens + 12·L·C·T·tokens with
 * N = 12·L·C² + V·C, the weights of the matrix products (the tied head once). A weight costs a product and a sum once
 * forward and twice backward; the second term is the attention's two products, over all T×T pairs: what is computed,
 * not the half that the mask keeps. Everything else counts as nothing.
 */
export function workOf({ layers, width, context, vocabulary, batch, accumulate }: StepShape): number {
  const weights = 12 * layers * width ** 2 + vocabulary * width;
  const tokens = batch * context * accumulate;
  return tokens * (6 * weights + 12 * layers * width * context);
}

export function modelOf(shape: StepShape, activation: ActivationName): GPT2 {
  const { layers, heads, width, context, vocabulary, dropout } = shape;
  return new GPT2({ layers, heads, width, context, vocabulary, dropout, activation, seed: 1 });
}
