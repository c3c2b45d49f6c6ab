import { fail } from '../../core/index.js';
import { ContentHash, hashBlockBytes, hashText } from './content-hash.js';
import { findTextFiles } from './find-files.js';
import { documentPieces, type TextPiece } from './pieces.js';
import type { TextFile } from './text-file.js';

/** Text to learn from, read as a stream as often as wanted; of any size. */
export interface TextSource {
  /** What a person knows it as, for messages. */
  readonly name: string;
  /** The files it is read from. */
  readonly sources: readonly string[];
  /** Of the files; the text may have fewer. */
  readonly bytes: number;
  /** All documents, in order; each yield is the pieces of about 4 MiB of a file. `onProgress` hears how many bytes are read. */
  read(onProgress?: (bytes: number) => void): AsyncIterable<readonly TextPiece[]>;
  /** Says whether two sources have the same content: of the files' bytes and how they are read, not of their names. */
  hash(): Promise<string>;
}

export interface OpenTextOptions {
  /** The field of a `.jsonl`, the column of a `.csv`, that holds the text. Default `text`. */
  readonly column?: string;
}

/**
 * Opens text as a stream: a UTF-8 text file, a `.jsonl`, a `.csv` with a header row, or folders of such files.
 *
 * A plain file is one document; each line of a `.jsonl` and each row of a `.csv` is one. A byte order mark is taken off.
 * Folders are read as `findTextFiles` says. Files are looked into here, and read when `read` is walked through.
 *
 * @throws `file` for a path that is missing, a folder without text, an empty or binary file, a bad line or row, a missing
 * column; later from `read`, too
 * @example const source = await openText('plays.txt');
 */
export async function openText(paths: string | readonly string[], { column }: OpenTextOptions = {}): Promise<TextSource> {
  const all = typeof paths === 'string' ? [paths] : paths;
  if (all.length === 0) throw fail('value', { where: 'openText', rule: 'at least one path', got: 'none' });
  const found: TextFile[] = [];
  for (const path of all) found.push(...(await findTextFiles(path, column)));
  if (column !== undefined && found.every(({ format }) => format === 'plain')) {
    throw fail('value', {
      where: '--column',
      rule: 'a .jsonl or a .csv to read a column of',
      got: all.join(', '),
      fix: 'Leave --column out for plain text',
    });
  }
  return new FileSource(all.join(', '), found);
}

/** A text that is in memory already, as a source of one document. */
export function textSource(name: string, text: string): TextSource {
  const bytes = new TextEncoder().encode(text);
  return {
    name,
    sources: [name],
    bytes: bytes.length,
    async *read(onProgress = () => {}) {
      yield documentPieces(text);
      onProgress(bytes.length);
    },
    async hash() {
      const hash = new ContentHash();
      for (let at = 0; at < bytes.length; at += hashBlockBytes) await hash.add(bytes.subarray(at, at + hashBlockBytes));
      return hashOfFiles([{ format: 'plain', column: undefined }], [await hash.digest()]);
    },
  };
}

class FileSource implements TextSource {
  readonly sources: readonly string[];
  readonly bytes: number;
  readonly #files: readonly TextFile[];
  #hash: Promise<string> | undefined;

  constructor(
    readonly name: string,
    found: readonly TextFile[],
  ) {
    this.#files = found;
    this.sources = found.map(({ path }) => path);
    this.bytes = found.reduce((sum, file) => sum + file.bytes, 0);
  }

  /** Hashing goes along: it costs little beside reading, spares a walk, and shows whether a file has changed since. */
  async *read(onProgress: (bytes: number) => void = () => {}): AsyncGenerator<readonly TextPiece[]> {
    const hashes: string[] = [];
    let done = 0;
    for (const file of this.#files) {
      const hash = new ContentHash();
      let bytes = 0;
      const onBlock = (block: Uint8Array): Promise<void> => {
        bytes += block.length;
        return hash.add(block);
      };
      for await (const pieces of file.documents(onBlock)) {
        yield pieces;
        onProgress(done + bytes);
      }
      done += bytes;
      hashes.push(await hash.digest());
    }
    const hash = hashOfFiles(this.#files, hashes);
    this.#hash ??= hash;
    if ((await this.#hash) !== (await hash)) {
      throw fail('file', {
        where: this.name,
        rule: 'text that stays as it is while it is read',
        got: 'another than when it was opened',
        fix: 'Start again once nothing writes to it',
      });
    }
  }

  hash(): Promise<string> {
    this.#hash ??= Promise.resolve().then(async () => {
      const hashes: string[] = [];
      for (const file of this.#files) hashes.push(await file.hash());
      return hashOfFiles(this.#files, hashes);
    });
    return this.#hash;
  }
}

function hashOfFiles(found: readonly Pick<TextFile, 'format' | 'column'>[], hashes: readonly string[]): Promise<string> {
  const parts = found.map(({ format, column }, i) => [format, format === 'plain' ? null : (column ?? 'text'), hashes[i]]);
  return hashText(JSON.stringify(parts));
}
