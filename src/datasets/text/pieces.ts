/** A part of a document: documents that are long come in several. */
export interface TextPiece {
  readonly text: string;
  /** The first of its document. */
  readonly begins: boolean;
}

/** Pieces of long documents are about this long, in UTF-16 units. */
export const pieceLength = 2 ** 22;

/** Reads one file's text, as it comes, into the pieces of its documents. */
export type DocumentReader = (
  texts: AsyncIterable<string>,
  path: string,
  column: string | undefined,
) => AsyncIterable<readonly TextPiece[]>;

/** Plain text: all of a file is one document. */
export async function* plainDocuments(texts: AsyncIterable<string>): AsyncGenerator<readonly TextPiece[]> {
  let rest = '';
  let begins = true;
  for await (const text of texts) {
    rest += text;
    const cut = cutPoint(rest, 2 * pieceLength);
    if (cut === 0) continue;
    yield [{ text: rest.slice(0, cut), begins }];
    rest = rest.slice(cut);
    begins = false;
  }
  if (rest !== '') yield [{ text: rest, begins }];
}

/** The pieces of a document that is there as a whole. */
export function documentPieces(text: string): TextPiece[] {
  return cutText(text, pieceLength).map((part, i) => ({ text: part, begins: i === 0 }));
}

/** Cuts a text into parts of at most `most` units, at good places where it has them. */
export function cutText(text: string, most: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (text.length - start > most) {
    const cut = cutPoint(text.slice(start, start + most), most);
    parts.push(text.slice(start, start + cut));
    start += cut;
  }
  parts.push(text.slice(start));
  return parts;
}

/**
 * Where to cut a text so that the tokens of the parts are those of the whole: as near to the end as it goes,
 *
 * 1. after a newline that stands alone between what is no space: no pre-tokeniser we know reads on over it;
 * 2. before the last newline of several: GPT-2's takes it by itself, since what follows is no space;
 * 3. after any newline;
 * 4. anywhere between two characters, where even `most` units hold no newline.
 *
 * @returns units before the cut; 0 where it is better to wait for more text
 */
export function cutPoint(text: string, most: number): number {
  let second = 0;
  for (let at = text.lastIndexOf('\n', text.length - 2); at > 0; at = text.lastIndexOf('\n', at - 1)) {
    if (isSpace(text.charCodeAt(at + 1))) continue;
    if (!isSpace(text.charCodeAt(at - 1))) return at + 1;
    if (second === 0) second = at;
  }
  if (second > 0) return second;
  if (text.length < most) return 0;
  const newline = text.lastIndexOf('\n') + 1;
  if (newline > 0) return newline;
  const isPair = (text.charCodeAt(most - 1) & 0xfc00) === 0xd800;
  return isPair ? most - 1 : most;
}

function isSpace(unit: number): boolean {
  return unit <= 0x20 ? unit === 0x20 || (unit >= 9 && unit <= 13) : unit >= 0x80 && /\s/.test(String.fromCharCode(unit));
}
