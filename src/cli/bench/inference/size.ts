import { fail, randomBits, randomKey } from '../../../core/index.js';

/** A GPT-2, and what of it is timed. */
export interface InferenceSize {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
  /** Tokens of the timed prompt, in each row. */
  readonly prompt: number;
  /** Tokens read before a timed one: a few, and most of the context. */
  readonly near: number;
  readonly far: number;
  /** Rows of the larger batch. */
  readonly many: number;
  /** Prompts, and blocks of tokens, in turn. */
  readonly promptRounds: number;
  readonly rounds: number;
  /** Timed tokens of a block. */
  readonly tokens: number;
}

export const inferenceSizes: Readonly<Record<'full' | 'small', InferenceSize>> = {
  full: {
    ...{ layers: 12, heads: 12, width: 768, context: 1024, vocabulary: 50257 },
    ...{ prompt: 512, near: 64, far: 1000, many: 8, promptRounds: 4, rounds: 10, tokens: 8 },
  },
  small: {
    ...{ layers: 2, heads: 2, width: 32, context: 320, vocabulary: 101 },
    ...{ prompt: 24, near: 8, far: 300, many: 3, promptRounds: 2, rounds: 2, tokens: 2 },
  },
};

/** Texts that are gone on with, each in a slot of its own. */
export const slotNames = ['near', 'far', 'many'] as const;
export type SlotName = (typeof slotNames)[number];

/** Rows of a slot, and tokens that each has read before a timed one. */
export function slotOf({ near, far, many }: InferenceSize, slot: SlotName): { readonly batch: number; readonly position: number } {
  return { batch: slot === 'many' ? many : 1, position: slot === 'far' ? far : near };
}

/** @throws value: positions or a prompt that the context cannot hold */
export function checkSize({ near, far, prompt, tokens, context }: InferenceSize): void {
  const most = context - tokens - 1;
  if (near >= 1 && far > near && far <= most && prompt >= 1 && prompt <= context) return;
  throw fail('value', {
    where: 'bench inference',
    rule: `near < far ≤ ${most} (context − tokens − 1), and a prompt of at most ${context} tokens`,
    got: `near ${near}, far ${far}, prompt ${prompt}`,
  });
}

/**
 * Floating-point operations that reading a prompt cannot do without: products with the blocks' 12·L·C² weights for every
 * token, scores and mixes of the pairs that causality allows, and the head for the last token of each row.
 */
export function promptWork({ layers, width, vocabulary, prompt }: InferenceSize, batch: number): number {
  const pairs = (prompt * (prompt + 1)) / 2;
  return batch * (prompt * 24 * layers * width ** 2 + pairs * 4 * layers * width + 2 * vocabulary * width);
}

/** Tokens [count], the same for the same name. */
export function someTokens(name: string, count: number, vocabulary: number): number[] {
  const key = randomKey(0, name);
  return Array.from({ length: count }, (_, i) => randomBits(key, i) % vocabulary);
}
