import { embed, readPooling } from '../../predict/index.js';
import { type EncoderFlags, textsOf, withEncoder } from '../encoder-run.js';
import type { CommandIo } from '../io.js';

export interface EmbedFlags extends EncoderFlags {
  readonly text?: readonly string[];
  readonly file?: string;
  readonly json?: boolean;
}

/**
 * Vectors of texts, one a line. JSON: `results`, each with `text` and `vector`, and `width`, `pooling` (mean, cls or max)
 * and `normalized`.
 */
export async function embedCommand(folder: string, flags: EmbedFlags, io: CommandIo): Promise<void> {
  const texts = await textsOf('embed', flags);
  await withEncoder(folder, flags, async (runner, path) => {
    const pooling = await readPooling(path);
    const vectors = (await embed(runner, texts, pooling)).map((vector) => Array.from(vector));
    if (flags.json) {
      const results = vectors.map((vector, i) => ({ text: texts[i], vector }));
      const { width } = runner.model.config;
      io.out(`${JSON.stringify({ results, width, pooling: pooling.mode, normalized: pooling.normalize })}\n`);
    } else for (const vector of vectors) io.out(`${vector.join(' ')}\n`);
  });
}
