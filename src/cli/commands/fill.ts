import { fillMask } from '../../predict/index.js';
import { type EncoderFlags, withEncoder } from '../encoder-run.js';
import type { CommandIo } from '../io.js';

export interface FillFlags extends EncoderFlags {
  readonly text: string;
  readonly top: number;
  readonly json?: boolean;
}

/**
 * The likeliest words of each mask. JSON: `text` and `masks`, each with its `position` among the ids and `candidates`, each
 * with `id`, `token`, `probability` and `text`, the whole with the word in its place.
 */
export async function fillCommand(folder: string, flags: FillFlags, io: CommandIo): Promise<void> {
  const { text, top } = flags;
  const masks = await withEncoder(folder, flags, (runner) => fillMask(runner, text, top));
  if (flags.json) {
    io.out(`${JSON.stringify({ text, masks })}\n`);
    return;
  }
  for (const [i, { candidates }] of masks.entries()) {
    if (i > 0) io.out('\n');
    for (const { probability, text: filled } of candidates) io.out(`${probability.toFixed(4)}  ${filled}\n`);
  }
}
