import { files } from '#files';
import { ContentHash, hashBlockBytes } from './content-hash.js';
import { csvDocuments } from './csv.js';
import { jsonlDocuments } from './jsonl.js';
import { type DocumentReader, plainDocuments, type TextPiece } from './pieces.js';
import { decodeBlocks } from './utf8.js';

const readers: Readonly<Record<string, DocumentReader>> = { plain: plainDocuments, jsonl: jsonlDocuments, csv: csvDocuments };

/** How a file is read, by how its name ends. */
export type TextFormat = 'plain' | 'jsonl' | 'csv';

/** A file of text: plain, `.jsonl` or `.csv`. */
export class TextFile {
  readonly format: TextFormat;

  /** @param column the field of a `.jsonl`, the column of a `.csv`, that holds the text; `text` where it is not said */
  constructor(
    readonly path: string,
    readonly bytes: number,
    readonly column: string | undefined,
  ) {
    const ending = /\.(jsonl|csv)$/i.exec(path)?.[1]?.toLowerCase();
    this.format = ending === undefined ? 'plain' : (ending as TextFormat);
  }

  /** Documents in the order of the file; `onBlock` meets every block of bytes first. */
  documents(onBlock: (block: Uint8Array) => Promise<void> | void = () => {}): AsyncIterable<readonly TextPiece[]> {
    const texts = decodeBlocks(watched(files.readBlocks(this.path, hashBlockBytes), onBlock), this.path);
    return (readers[this.format] as DocumentReader)(texts, this.path, this.column);
  }

  /** Whether anything but space is in it; reads no further than to the first of it. @throws file: what is no text */
  async hasText(): Promise<boolean> {
    for await (const pieces of this.documents()) if (pieces.some(({ text }) => /\S/.test(text))) return true;
    return false;
  }

  /** Whether all of its bytes are text. */
  async isText(): Promise<boolean> {
    try {
      for await (const _ of decodeBlocks(files.readBlocks(this.path, hashBlockBytes), this.path));
      return true;
    } catch {
      return false;
    }
  }

  async hash(): Promise<string> {
    const hash = new ContentHash();
    for await (const block of files.readBlocks(this.path, hashBlockBytes)) await hash.add(block);
    return hash.digest();
  }
}

async function* watched(
  blocks: AsyncIterable<Uint8Array>,
  onBlock: (block: Uint8Array) => Promise<void> | void,
): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) {
    await onBlock(block);
    yield block;
  }
}
