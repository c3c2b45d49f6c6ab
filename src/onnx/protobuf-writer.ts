import { fail } from '../core/index.js';
import { Wire } from './protobuf.js';

/** Payloads from here on are referenced until `finish`; shorter ones are cheaper to copy at once. */
const REFERENCE_FROM = 512;
/** Protobuf's own limit. */
const MAX_BYTES = 2 ** 31 - 1;

const encoder = new TextEncoder();

/**
 * Writes one message. Tags, numbers and names go into one growing buffer; big payloads are kept as references with
 * their place in it, so that hundreds of megabytes of weights are copied once, in `finish`, however deep they lie.
 */
export class ProtobufWriter {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  private position = 0;
  private readonly references: { at: number; readonly bytes: Uint8Array }[] = [];
  private referenced = 0;

  /**
   * A 64-bit integer. Negative ones take ten bytes, as protobuf's int64 does; 2⁶³, which is what the largest int64
   * becomes as a double, is written as that largest int64.
   * @throws value, naming `what`, unless it is an integer in [−2⁶³, 2⁶³]
   */
  int(field: number, value: number, what: string): void {
    if (!Number.isInteger(value) || value < -(2 ** 63) || value > 2 ** 63) {
      throw fail('value', { where: what, rule: 'an integer of 64 bits', got: String(value) });
    }
    this.tag(field, Wire.varint);
    const high = value === 2 ** 63 ? 0x7fffffff : Math.floor(value / 2 ** 32);
    const low = value === 2 ** 63 ? 0xffffffff : value - high * 2 ** 32;
    this.varint(low >>> 0, high >>> 0);
  }

  /** A 32-bit float. */
  float(field: number, value: number): void {
    this.tag(field, Wire.fixed32);
    this.reserve(4);
    this.view.setFloat32(this.position, value, true);
    this.position += 4;
  }

  /** A 64-bit float. */
  double(field: number, value: number): void {
    this.tag(field, Wire.fixed64);
    this.reserve(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** A string as UTF-8. */
  text(field: number, value: string): void {
    // Names are short and of ASCII nearly always: written letter by letter, for which no array need be made.
    if (value.length >= REFERENCE_FROM || !isAscii(value)) {
      this.bytes(field, encoder.encode(value));
      return;
    }
    this.tag(field, Wire.delimited);
    this.varint(value.length, 0);
    this.reserve(value.length);
    for (let i = 0; i < value.length; i++) this.buffer[this.position++] = value.charCodeAt(i);
  }

  /** Bytes as they are; long ones must not change before `finish`. */
  bytes(field: number, value: Uint8Array): void {
    this.tag(field, Wire.delimited);
    this.varint(value.length, 0);
    if (value.length >= REFERENCE_FROM) {
      this.references.push({ at: this.position, bytes: value });
      this.referenced += value.length;
      return;
    }
    this.reserve(value.length);
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  /** A message within this one: what `write` writes. */
  message(field: number, write: () => void): void {
    this.tag(field, Wire.delimited);
    const start = this.position;
    const firstReference = this.references.length;
    const referencedBefore = this.referenced;
    write();
    const inBuffer = this.position - start;
    const length = inBuffer + this.referenced - referencedBefore;
    checkSize(length);
    // The length stands before the message and is known after it: what was written moves up by the length's own bytes.
    const width = varintBytes(length);
    this.reserve(width);
    this.buffer.copyWithin(start + width, start, start + inBuffer);
    for (let i = firstReference; i < this.references.length; i++) (this.references[i] as { at: number }).at += width;
    this.position = start;
    this.varint(length, 0);
    this.position += inBuffer;
  }

  /** The whole message, in one new array. */
  finish(): Uint8Array {
    const total = this.position + this.referenced;
    checkSize(total);
    const out = new Uint8Array(total);
    let from = 0;
    let to = 0;
    for (const { at, bytes } of this.references) {
      out.set(this.buffer.subarray(from, at), to);
      to += at - from;
      out.set(bytes, to);
      to += bytes.length;
      from = at;
    }
    out.set(this.buffer.subarray(from, this.position), to);
    return out;
  }

  private tag(field: number, wire: number): void {
    this.varint((field << 3) | wire, 0);
  }

  /** Seven bits a byte, lowest first, of the 64-bit number high · 2³² + low. */
  private varint(low: number, high: number): void {
    this.reserve(10);
    while (high !== 0 || low > 0x7f) {
      this.buffer[this.position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.position++] = low;
  }

  private reserve(bytes: number): void {
    if (this.position + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(2 * this.buffer.length, this.position + bytes));
    grown.set(this.buffer);
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function checkSize(bytes: number): void {
  if (bytes <= MAX_BYTES) return;
  throw fail('value', {
    where: 'protobuf',
    rule: 'a message takes less than 2 GiB',
    got: `${bytes} bytes`,
    fix: 'Keep large tensors as external data',
  });
}
