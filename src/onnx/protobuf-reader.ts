import { fail, type HeadlightError } from '../core/index.js';
import { Wire } from './protobuf.js';

/** How deep messages in messages are followed: protobuf's own limit. */
const MAX_DEPTH = 100;

// A leading byte-order mark is part of a name, not a mark.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one message: `next` steps to a field, then exactly one of the other methods takes its payload. Byte payloads
 * are views, never copies. Whatever the bytes are, it ends: every error is a HeadlightError of code `file`.
 */
export class ProtobufReader {
  /** Number of the field that `next` found. */
  field = 0;
  private wire = 0;
  private low = 0;
  private high = 0;

  constructor(
    private readonly source: Uint8Array,
    private position = 0,
    private readonly end = source.length,
    private readonly depth = 0,
  ) {}

  /** The same bytes from here, read independently. */
  fork(): ProtobufReader {
    return new ProtobufReader(this.source, this.position, this.end, this.depth);
  }

  /** Steps to the next field; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.end) return false;
    this.varint();
    this.field = this.low >>> 3;
    this.wire = this.low & 7;
    if (this.high !== 0 || this.field === 0) throw this.damaged('a field number from 1 to 2²⁹ − 1', 'another');
    return true;
  }

  /** Steps over a payload of any kind. */
  skip(): void {
    if (this.wire === Wire.varint) this.varint();
    else if (this.wire === Wire.fixed64) this.advance(8);
    else if (this.wire === Wire.fixed32) this.advance(4);
    else this.span();
  }

  /** A signed 64-bit integer; beyond ±2⁵³ the nearest double. */
  int(): number {
    this.expect(Wire.varint);
    this.varint();
    return this.high * 2 ** 32 + this.low;
  }

  float(): number {
    this.expect(Wire.fixed32);
    return this.dataView(this.advance(4), 4).getFloat32(0, true);
  }

  bytes(): Uint8Array {
    const start = this.span();
    return this.source.subarray(start, this.position);
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw this.damaged('text in UTF-8', 'other bytes', cause);
    }
  }

  /** A message within this one. */
  message(): ProtobufReader {
    if (this.depth >= MAX_DEPTH) throw this.damaged(`messages nest at most ${MAX_DEPTH} deep`, 'more');
    const start = this.span();
    return new ProtobufReader(this.source, start, this.position, this.depth + 1);
  }

  /** A repeated integer: appends one, or a packed row of them. */
  intsInto(list: number[]): void {
    if (this.wire !== Wire.delimited) {
      list.push(this.int());
      return;
    }
    const row = this.packed();
    while (row.position < row.end) {
      row.varint();
      list.push(row.high * 2 ** 32 + row.low);
    }
  }

  /** A repeated float: appends one, or a packed row of them. */
  floatsInto(list: number[]): void {
    const row = this.fixed(4);
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    for (let at = 0; at < row.length; at += 4) list.push(view.getFloat32(at, true));
  }

  /** One integer or a packed row of them, as little-endian elements of `width` bytes: higher bits are cut off. */
  integers(width: 1 | 2 | 4 | 8): Uint8Array {
    if (this.wire !== Wire.delimited) {
      this.expect(Wire.varint);
      this.varint();
      return this.element(width, new Uint8Array(width), 0);
    }
    const row = this.packed();
    let count = 0;
    for (let i = row.position; i < row.end; i++) if ((this.source[i] as number) < 0x80) count++;
    const out = new Uint8Array(count * width);
    for (let at = 0; row.position < row.end; at += width) {
      row.varint();
      row.element(width, out, at);
    }
    return out;
  }

  /** One fixed-width number or a packed row of them, as the little-endian bytes they are. */
  fixed(width: 4 | 8): Uint8Array {
    if (this.wire === Wire.delimited) {
      const row = this.bytes();
      if (row.length % width !== 0) throw this.damaged(`a packed row of ${width}-byte numbers`, `${row.length} bytes`);
      return row;
    }
    this.expect(width === 4 ? Wire.fixed32 : Wire.fixed64);
    const start = this.advance(width);
    return this.source.subarray(start, this.position);
  }

  private element(width: number, out: Uint8Array, at: number): Uint8Array {
    for (let i = 0; i < width; i++) out[at + i] = (i < 4 ? this.low >>> (8 * i) : this.high >>> (8 * (i - 4))) & 0xff;
    return out;
  }

  private packed(): ProtobufReader {
    const start = this.span();
    return new ProtobufReader(this.source, start, this.position, this.depth);
  }

  /** Steps over a length-delimited payload and returns where it starts. */
  private span(): number {
    this.expect(Wire.delimited);
    this.varint();
    return this.advance(this.high === 0 ? this.low : Number.POSITIVE_INFINITY);
  }

  private advance(bytes: number): number {
    const start = this.position;
    if (bytes > this.end - start) throw this.damaged(`${bytes} more bytes`, `${this.end - start}`);
    this.position = start + bytes;
    return start;
  }

  /** Reads a varint into `low` (unsigned) and `high` (signed). */
  private varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) throw this.damaged('a whole varint', 'its beginning');
      const byte = this.source[this.position++] as number;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high;
        return;
      }
    }
    throw this.damaged('a varint of at most 10 bytes', 'a longer one');
  }

  private dataView(start: number, length: number): DataView {
    return new DataView(this.source.buffer, this.source.byteOffset + start, length);
  }

  private expect(wire: number): void {
    if (this.wire !== wire) throw this.damaged(`field ${this.field} has wire type ${wire}`, `${this.wire}`);
  }

  private damaged(rule: string, got: string, cause?: unknown): HeadlightError {
    return fail('file', {
      where: `protobuf, byte ${this.position}`,
      rule,
      got,
      fix: 'The bytes are cut off, damaged or of another format',
      cause,
    });
  }
}
