import { fail, type HeadlightError } from '../../core/index.js';

/** Says that the bytes at hand end before the header does: more of the file must be read. */
export class NeedsMore extends Error {}

/** Reads little-endian numbers one after another from the beginning of a file, of which only a part may be at hand. */
export class Cursor {
  offset = 0;
  readonly #view: DataView;
  readonly #text = new TextDecoder('utf-8', { fatal: true });

  constructor(
    readonly bytes: Uint8Array,
    /** Bytes of the whole file. */
    readonly fileBytes: number,
    readonly where: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  broken(rule: string, got: string, cause?: unknown): HeadlightError {
    const fix = 'The file is damaged or is not a GGUF file: fetch or save it again';
    return fail('file', { where: this.where, rule, got, fix, cause });
  }

  /** The place of `length` bytes, which the cursor passes. @throws file: beyond the file; NeedsMore: beyond what is at hand */
  take(length: number, what: string): number {
    const at = this.offset;
    if (length > this.fileBytes - at) {
      throw this.broken(`${what} lies within the ${this.fileBytes} bytes of the file`, `${length} bytes at ${at}`);
    }
    if (length > this.bytes.length - at) throw new NeedsMore();
    this.offset += length;
    return at;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  /** A count or an offset. @throws file: above 2^53 */
  size(what: string): number {
    const at = this.take(8, what);
    const value = this.#view.getUint32(at, true) + 2 ** 32 * this.#view.getUint32(at + 4, true);
    if (!Number.isSafeInteger(value)) throw this.broken(`${what} is a size`, `${this.#view.getBigUint64(at, true)}`);
    return value;
  }

  /** How many items follow, each of at least `least` bytes: more than the file can hold are refused before anything is made. */
  count(what: string, least: number): number {
    const count = this.size(what);
    if (count > (this.fileBytes - this.offset) / least) {
      throw this.broken(`${what} fits the ${this.fileBytes} bytes of the file`, `${count}`);
    }
    return count;
  }

  string(what: string): string {
    const length = this.size(`the length of ${what}`);
    const at = this.take(length, what);
    try {
      return this.#text.decode(this.bytes.subarray(at, at + length));
    } catch (error) {
      throw this.broken(`${what} is text in UTF-8`, 'other bytes', error);
    }
  }

  /** A view for reading numbers at a place that `take` gave. */
  get view(): DataView {
    return this.#view;
  }
}
