import { encodeText } from './encode.js';
import type { EncoderRunner } from './encoder-runner.js';
import { softmax } from './softmax.js';

/** How likely a label is of a text. */
export interface TextLabel {
  readonly label: string;
  /** The label's number. */
  readonly index: number;
  /** 0 to 1; all labels' sum to 1, unless several may hold at once. */
  readonly probability: number;
}

/**
 * Every label of each text, the likeliest first.
 * @throws value: no character in a text, or more tokens than the context; unsupported: a model with another head
 */
export async function classifyTexts(runner: EncoderRunner, texts: readonly string[]): Promise<TextLabel[][]> {
  const { labels, several = false } = runner.requireHead('sequence', 'classify');
  const rows = texts.map((text, i) => ({ ids: encodeText(runner.tokenizer, text, texts.length === 1 ? 'text' : `text ${i + 1}`) }));
  return (await runner.run(rows, 'logits')).map(({ values }) => {
    // One label alone is a yes or a no too.
    const chances = several || labels.length === 1 ? Float64Array.from(values, (x) => 1 / (1 + Math.exp(-x))) : softmax(values);
    const scored = labels.map((label, index) => ({ label, index, probability: chances[index] as number }));
    return scored.sort((a, b) => b.probability - a.probability || a.index - b.index);
  });
}

/** The same of one text. */
export async function classifyText(runner: EncoderRunner, text: string): Promise<TextLabel[]> {
  return (await classifyTexts(runner, [text]))[0] as TextLabel[];
}
