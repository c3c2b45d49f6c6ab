import { encodeWithOffsets } from './encode.js';
import type { EncoderRunner } from './encoder-runner.js';
import { softmax } from './softmax.js';

/** A part of a text with a label, such as a name. */
export interface TaggedSpan {
  /** Without `B-` and `I-`. */
  readonly label: string;
  readonly text: string;
  /** [start, end) in the text, as `text.slice` counts. */
  readonly start: number;
  readonly end: number;
  /** Mean of its tokens'. */
  readonly probability: number;
}

/** One token's likeliest label. */
export interface TokenLabel {
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly probability: number;
}

/**
 * The labelled parts of a text: neighbouring tokens of one label are one part; `B-` begins another, `O` is none.
 * @throws value: no character in the text, or more tokens than the context; unsupported: a model with another head
 */
export async function tagTokens(runner: EncoderRunner, text: string): Promise<TaggedSpan[]> {
  const { labels } = runner.requireHead('token', 'classify');
  const { ids, offsets } = encodeWithOffsets(runner.tokenizer, text, 'text');
  const [{ values, width }] = (await runner.run([{ ids }], 'logits')) as [{ values: Float32Array; width: number }];
  const tokens = offsets.flatMap(([start, end], t): TokenLabel[] => {
    if (start === end) return []; // put around the text, and no part of it
    const chances = softmax(values.subarray(t * width, (t + 1) * width));
    const best = chances.reduce((at, p, i) => (p > (chances[at] as number) ? i : at), 0);
    return [{ label: labels[best] as string, start, end, probability: chances[best] as number }];
  });
  return groupTokens(tokens, text);
}

/** Parts of tokens that follow one another. */
export function groupTokens(tokens: readonly TokenLabel[], text: string): TaggedSpan[] {
  const groups: TokenLabel[][] = [];
  let open: TokenLabel[] | undefined;
  for (const token of tokens) {
    if (token.label === 'O') open = undefined;
    else if (open !== undefined && !token.label.startsWith('B-') && bare(token.label) === bare(open[0]?.label ?? '')) open.push(token);
    else {
      open = [token];
      groups.push(open);
    }
  }
  return groups.map((group) => {
    const [first, last] = [group[0], group.at(-1)] as [TokenLabel, TokenLabel];
    const probability = group.reduce((sum, t) => sum + t.probability, 0) / group.length;
    return { label: bare(first.label), text: text.slice(first.start, last.end), start: first.start, end: last.end, probability };
  });
}

function bare(label: string): string {
  return label.replace(/^[BI]-/, '');
}
