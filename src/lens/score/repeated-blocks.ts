import { below, fail, HostArray, normal, randomKey } from '../../core/index.js';
import { Transformer, ViT } from '../../models/index.js';
import type { LensModel, LensPrompt } from '../trace.js';

export interface RepeatedBlockOptions {
  /** Tokens in the block, which comes twice; 50 by default, or what the model's context and vocabulary leave of it. */
  readonly tokens?: number | undefined;
  /** How many texts; 4 by default. */
  readonly rows?: number | undefined;
  readonly seed?: number | undefined;
}

/**
 * What heads are scored on where nothing else is given: a block of random tokens, all different, twice over, so that nothing but
 * the repetition can be known of the second half (Olsson et al. 2022). Targets and sources get a block each; images are noise.
 * @throws value: sizes that are not whole numbers from 1, or a block that does not fit
 */
export function repeatedBlocks(model: LensModel, { tokens, rows = 4, seed = 0 }: RepeatedBlockOptions = {}): LensPrompt[] {
  checkCount('rows', rows);
  if (model instanceof ViT) return Array.from({ length: rows }, (_, row) => noise(model, seed, row));
  const draw = (vocabulary: number, stream: string, row: number): number[] => {
    const room = Math.min(vocabulary, Math.floor(model.context / 2));
    const length = tokens ?? Math.max(1, Math.min(50, room));
    checkCount('tokens', length);
    if (length > room) {
      const rule = `a block of at most ${room} tokens, by the model's context of ${model.context} and vocabulary of ${vocabulary}`;
      throw fail('value', { where: 'tokens', rule, got: String(length) });
    }
    const block = distinct(vocabulary, length, seed, stream, row);
    return [...block, ...block];
  };
  return Array.from({ length: rows }, (_, row) =>
    model instanceof Transformer
      ? { source: draw(model.sourceVocabulary, 'source', row), target: draw(model.vocabulary, 'target', row) }
      : draw(model.vocabulary, 'tokens', row),
  );
}

/** The first numbers of a shuffle of 0 … n − 1 (Fisher and Yates), without making all of it. */
function distinct(n: number, count: number, seed: number, stream: string, row: number): number[] {
  const key = randomKey(seed, `lens.repeated.${stream}`, row);
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const j = i + below(key, i, n - i);
    const chosen = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return chosen;
  });
}

function noise({ config: { channels, image } }: ViT, seed: number, row: number): HostArray {
  const key = randomKey(seed, 'lens.noise', row);
  const pixels = Float32Array.from({ length: channels * image * image }, (_, i) => normal(key, i));
  return new HostArray(pixels, [1, channels, image, image], 'float32');
}

function checkCount(where: string, count: number): void {
  if (!Number.isInteger(count) || count < 1) throw fail('value', { where, rule: 'a whole number from 1', got: String(count) });
}
