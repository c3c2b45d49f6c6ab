import type { Tokenizer } from '../../tokenizers/index.js';
import { documentBreak } from '../text/joined.js';
import type { TextSource } from '../text/source.js';

/** The token that ends a document, where a vocabulary has it: GPT-2's name for it, which most have taken over. */
const endOfText = '<|endoftext|>';

/** Takes ids in order, as they come. */
export interface TokenSink {
  /** Keeps the array, or a copy. Nothing is to be awaited where there is room: rows of tables are many. */
  add(ids: Int32Array): Promise<void> | undefined;
}

export interface EncodeOptions {
  /** Encodes documents whole, as those who call the tokenizer themselves do; long documents come in pieces otherwise. */
  readonly wholeDocuments: boolean;
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Encodes a source's documents, one after the other, without a format's special tokens around them. Between two stands
 * `<|endoftext|>` where the vocabulary has it, else a blank line; both belong to the document before.
 *
 * @returns where documents begin, ascending from 0; a document without tokens is none
 * @throws `tokenizer` for text that the vocabulary cannot express; what the source and the sink throw
 */
export async function encodeDocuments(
  source: TextSource,
  tokenizer: Tokenizer,
  sink: TokenSink,
  options: EncodeOptions,
): Promise<number[]> {
  const { wholeDocuments, onProgress, signal } = options;
  const end = tokenizer.idOf(endOfText);
  const starts: number[] = [];
  /** Ids that the sink does not have yet. */
  let made: Int32Array[] = [];
  let length = 0;
  /** Text that is read but not encoded: of one document. What comes next decides what stands behind it. */
  let waiting: string[] = [];

  const put = (ids: Int32Array): void => {
    made.push(ids);
    length += ids.length;
  };
  const encode = (text: string): Int32Array =>
    tokenizer.encodeToArray?.(text) ?? Int32Array.from(tokenizer.encode(text, { specialTokens: false }));
  const flush = (behind: string): void => {
    const text = waiting.join('') + behind;
    if (text !== '') put(encode(text));
    waiting = [];
  };
  /** A break is encoded in halves, since that is how tokenizers read one that text follows: newline by newline. */
  const half = documentBreak.length / 2;
  /** What stands between documents behind what is encoded with the one before: made once there are two. */
  let between: Int32Array | undefined;
  const endDocument = (): void => {
    flush(end === undefined ? documentBreak.slice(0, half) : '');
    between ??= end === undefined ? encode(documentBreak.slice(half)) : Int32Array.of(end);
    // A document without tokens is none, and has no end either.
    if (end === undefined || length > (starts.at(-1) as number)) put(between);
  };

  for await (const pieces of source.read(onProgress)) {
    signal?.throwIfAborted();
    for (const { text, begins } of pieces) {
      if (!begins && !wholeDocuments) flush('');
      if (begins && starts.length > 0) endDocument();
      if (begins && starts.at(-1) !== length) starts.push(length);
      waiting.push(text);
    }
    for (const ids of made) {
      const written = sink.add(ids);
      if (written !== undefined) await written;
    }
    made = [];
  }
  flush('');
  for (const ids of made) await sink.add(ids);
  while (starts.length > 1 && starts.at(-1) === length) starts.pop();
  return starts;
}
