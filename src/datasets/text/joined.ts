import { cutText } from './pieces.js';
import type { TextSource } from './source.js';

/** Between two documents, for tokenizers that have no token for the end of one. */
export const documentBreak = '\n\n';

/** Samples are taken in slices of at most this many characters, and of fewer where a sample would be less than so many slices. */
const mostSlice = 2 ** 16;
const slices = 256;
const leastSlice = 256;

/**
 * The text of a source as a stream, documents parted by a blank line: joined, the pieces are what `readTextCorpus` reads.
 *
 * @example trainCharacterTokenizerFrom(pieces(source))
 */
export async function* pieces(source: TextSource): AsyncGenerator<string> {
  let isFirst = true;
  for await (const some of source.read()) {
    for (const { text, begins } of some) {
      if (begins && !isFirst) yield documentBreak;
      isFirst = false;
      if (text !== '') yield text;
    }
  }
}

/**
 * Of a source, text of at most about `bytes` bytes, taken evenly from all of it in slices of up to 64 Ki characters:
 * enough to train a vocabulary on. A source that is no larger is taken whole.
 */
export async function* sampleText(source: TextSource, bytes: number): AsyncGenerator<string> {
  if (source.bytes <= bytes) return yield* pieces(source);
  const sliceLength = Math.min(mostSlice, Math.max(leastSlice, Math.floor(bytes / slices)));
  const share = bytes / source.bytes;
  let seen = 0;
  let taken = 0;
  for await (const piece of pieces(source)) {
    for (const slice of cutText(piece, sliceLength)) {
      seen += slice.length;
      if (taken + slice.length > share * seen) continue;
      taken += slice.length;
      yield slice;
    }
  }
}
