import type { AttentionMaps } from '../attention-maps.js';

/** The head that looks back hardest from a repeated name to where the name stood before. */
export interface NameHead {
  readonly layer: number;
  readonly head: number;
  /** Characters: where the attending letter stands, and where the name it attends to begins. */
  readonly from: number;
  readonly to: number;
  /** Sum of the letter's weights on the letters of that earlier mention, in [0, 1]. */
  readonly weight: number;
}

/**
 * Measures, for every head, how much of its attention a letter of a repeated name gives to the letters of one earlier
 * mention, and returns the largest.
 *
 * @param maps of a text with one token per character
 * @param mentions where the name begins, in order; at least two
 */
export function strongestNameHead({ data, patterns }: AttentionMaps, name: string, mentions: readonly number[]): NameHead {
  const length = data.tokens.length;
  let strongest: NameHead = { layer: 0, head: 0, from: mentions[1] ?? 0, to: mentions[0] ?? 0, weight: 0 };
  for (const [layer, pattern] of patterns.entries()) {
    for (let head = 0; head < data.heads; head++) {
      for (const { from, to } of lettersAndEarlier(name, mentions)) {
        const row = (head * length + from) * length;
        const weights = (pattern.data as Float32Array).subarray(row + to, row + to + name.length);
        const weight = weights.reduce((sum, w) => sum + w, 0);
        if (weight > strongest.weight) strongest = { layer, head, from, to, weight };
      }
    }
  }
  return strongest;
}

/** Every letter of every mention but the first, with every mention before it. */
function lettersAndEarlier(name: string, mentions: readonly number[]): { from: number; to: number }[] {
  return mentions.flatMap((mention, i) =>
    mentions.slice(0, i).flatMap((to) => Array.from(name, (_, letter) => ({ from: mention + letter, to }))),
  );
}

/** Every place where a name stands in a text. */
export function mentionsOf(name: string, text: string): number[] {
  return [...text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].map(({ index }) => index);
}
