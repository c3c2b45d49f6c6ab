import { type GgufArray, type GgufValue, type ValueType, valueTypes } from './values.js';

const encoder = new TextEncoder();

/** Little-endian bytes, gathered. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }

  uint32(value: number): void {
    this.number(4, (view) => view.setUint32(0, value, true));
  }

  uint64(value: number | bigint): void {
    this.number(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  string(text: string): void {
    const bytes = encoder.encode(text);
    this.uint64(bytes.length);
    this.raw(bytes);
  }

  value(value: GgufValue): void {
    this.uint32(valueTypes.indexOf(value.type));
    if (value.type === 'array') this.#array(value.value);
    else this.#item(value.type, value.value);
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  #array({ of, items }: GgufArray): void {
    this.uint32(valueTypes.indexOf(of));
    this.uint64(items.length);
    for (let i = 0; i < items.length; i++) {
      if (of === 'array') this.#array(items[i] as GgufArray);
      else this.#item(of, items[i] as boolean | string | number | bigint);
    }
  }

  #item(type: Exclude<ValueType, 'array'>, value: boolean | string | number | bigint): void {
    if (typeof value === 'string') this.string(value);
    else writers[type](this, value);
  }

  /** One number by a setter of DataView. */
  number(bytes: number, set: (view: DataView) => void): void {
    const view = new DataView(new ArrayBuffer(bytes));
    set(view);
    this.raw(new Uint8Array(view.buffer));
  }
}

type Write = (out: ByteWriter, value: boolean | number | bigint) => void;

const writers: Readonly<Record<Exclude<ValueType, 'array'>, Write>> = {
  uint8: (out, x) => out.number(1, (v) => v.setUint8(0, Number(x))),
  int8: (out, x) => out.number(1, (v) => v.setInt8(0, Number(x))),
  uint16: (out, x) => out.number(2, (v) => v.setUint16(0, Number(x), true)),
  int16: (out, x) => out.number(2, (v) => v.setInt16(0, Number(x), true)),
  uint32: (out, x) => out.number(4, (v) => v.setUint32(0, Number(x), true)),
  int32: (out, x) => out.number(4, (v) => v.setInt32(0, Number(x), true)),
  float32: (out, x) => out.number(4, (v) => v.setFloat32(0, Number(x), true)),
  float64: (out, x) => out.number(8, (v) => v.setFloat64(0, Number(x), true)),
  bool: (out, x) => out.number(1, (v) => v.setUint8(0, x ? 1 : 0)),
  uint64: (out, x) => out.number(8, (v) => v.setBigUint64(0, BigInt(x), true)),
  int64: (out, x) => out.number(8, (v) => v.setBigInt64(0, BigInt(x), true)),
  string: (out, x) => out.string(String(x)),
};
