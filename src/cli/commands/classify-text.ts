import { classifyTexts, tagTokens } from '../../predict/index.js';
import { type EncoderFlags, textsOf, withEncoder } from '../encoder-run.js';
import type { CommandIo } from '../io.js';

export interface ClassifyTextFlags extends EncoderFlags {
  readonly text?: readonly string[];
  readonly file?: string;
  readonly top: number;
  readonly json?: boolean;
}

/**
 * Labels of texts, or of their parts, as the checkpoint's head says. JSON: `results`, for each text its `text`, and
 * `labels`, the likeliest first, each with `label`, `index` and `probability`; of a head for tokens instead `spans`, each with
 * `label`, `text`, `start`, `end` (as `text.slice` counts) and `probability`.
 */
export async function classifyTextCommand(folder: string, flags: ClassifyTextFlags, io: CommandIo): Promise<void> {
  const texts = await textsOf('classify', flags);
  await withEncoder(folder, flags, async (runner) => {
    if (runner.model.config.head.kind === 'token') {
      const results = [];
      for (const text of texts) results.push({ text, spans: await tagTokens(runner, text) });
      if (flags.json) io.out(`${JSON.stringify({ results })}\n`);
      else
        for (const { text, spans } of results) {
          io.out(`${text}\n`);
          for (const span of spans) io.out(`  ${span.probability.toFixed(4)}  ${span.label}  ${span.start}-${span.end}  ${span.text}\n`);
        }
      return;
    }
    const labels = await classifyTexts(runner, texts);
    const results = texts.map((text, i) => ({ text, labels: labels[i]?.slice(0, flags.top) ?? [] }));
    if (flags.json) io.out(`${JSON.stringify({ results })}\n`);
    else
      for (const { text, labels: best } of results) {
        io.out(`${text}\n`);
        for (const { label, probability } of best) io.out(`  ${probability.toFixed(4)}  ${label}\n`);
      }
  });
}
