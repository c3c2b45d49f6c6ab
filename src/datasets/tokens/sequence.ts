import { fail } from '../../core/index.js';
import type { TokenSequence } from '../data.js';

/** Token ids in memory. */
export class MemoryTokens implements TokenSequence {
  readonly length: number;
  readonly documents?: ArrayLike<number>;
  readonly where?: string;

  constructor(
    readonly ids: Int32Array,
    about: { readonly documents?: ArrayLike<number>; readonly where?: string } = {},
  ) {
    this.length = ids.length;
    if (about.documents !== undefined) this.documents = about.documents;
    if (about.where !== undefined) this.where = about.where;
  }

  read(start: number, end: number): Int32Array {
    checkRange(this, start, end);
    return this.ids.subarray(start, end);
  }
}

/** Plain ids as a sequence; a sequence as it is. */
export function asSequence(ids: Int32Array | TokenSequence): TokenSequence {
  return ids instanceof Int32Array ? new MemoryTokens(ids) : ids;
}

/** A part of a sequence, read through it: nothing is copied. A document that it cuts into begins at the cut. */
export function sliceTokens(tokens: TokenSequence, start: number, end: number): TokenSequence {
  checkRange(tokens, start, end);
  const part = {
    length: end - start,
    read(from: number, to: number) {
      checkRange(part, from, to);
      return tokens.read(start + from, start + to);
    },
    ...(tokens.documents && { documents: documentsWithin(tokens.documents, start, end) }),
    ...(tokens.where !== undefined && { where: tokens.where }),
  };
  return part;
}

function documentsWithin(documents: ArrayLike<number>, start: number, end: number): Float64Array {
  const first = documentAt(documents, start);
  const last = documentAt(documents, Math.max(start, end - 1));
  return Float64Array.from({ length: last - first + 1 }, (_, i) => Math.max(0, (documents[first + i] as number) - start));
}

/** The number of the document that holds a token: the last that begins at or before it. */
export function documentAt(documents: ArrayLike<number>, token: number): number {
  let low = 0;
  let high = documents.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((documents[middle] as number) <= token) low = middle;
    else high = middle;
  }
  return low;
}

export function checkRange({ length, where }: { length: number; where?: string }, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= length) return;
  throw fail('value', { where: where ?? 'tokens', rule: `a range within ${length} tokens`, got: `${start} to ${end}` });
}
