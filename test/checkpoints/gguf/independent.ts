/**
 * GGUF written and read a second time, from the format's public description alone and with nothing of src/: naive, in
 * float64, one number at a time.
 */
export interface PlainTensor {
  readonly name: string;
  /** From the fastest axis on, as the file has them. */
  readonly sizes: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
}

export type PlainValue = readonly [type: number, value: unknown];

class Bytes {
  readonly all: number[] = [];
  int(value: number | bigint, count: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < count; i++, rest >>= 8n) this.all.push(Number(rest & 255n));
  }
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.int(bytes.length, 8);
    this.all.push(...bytes);
  }
  value(type: number, value: unknown): void {
    const widths = [1, 1, 2, 2, 4, 4, 0, 1, 0, 0, 8, 8, 0];
    if (type === 6) this.all.push(...Buffer.from(Float32Array.of(value as number).buffer));
    else if (type === 12) this.all.push(...Buffer.from(Float64Array.of(value as number).buffer));
    else if (type === 8) this.text(value as string);
    else if (type === 7) this.all.push(value ? 1 : 0);
    else if (type === 9) {
      const [of, items] = value as [number, unknown[]];
      this.int(of, 4);
      this.int(items.length, 8);
      for (const item of items) this.value(of, item);
    } else this.int(value as number | bigint, widths[type] as number);
  }
}

/** A whole file. */
export function plainGguf(
  values: Readonly<Record<string, PlainValue>>,
  tensors: readonly PlainTensor[],
  alignment = 32,
  version = 3,
): Uint8Array {
  const out = new Bytes();
  out.all.push(...Buffer.from('GGUF'));
  out.int(version, 4);
  out.int(tensors.length, 8);
  out.int(Object.keys(values).length, 8);
  for (const [key, [type, value]] of Object.entries(values)) {
    out.text(key);
    out.int(type, 4);
    out.value(type, value);
  }
  const pad = (n: number): number => Math.ceil(n / alignment) * alignment;
  let offset = 0;
  for (const { name, sizes, type, bytes } of tensors) {
    out.text(name);
    out.int(sizes.length, 4);
    for (const size of sizes) out.int(size, 8);
    out.int(type, 4);
    out.int(offset, 8);
    offset += pad(bytes.length);
  }
  while (out.all.length % alignment !== 0) out.all.push(0);
  for (const { bytes } of tensors) {
    for (const byte of bytes) out.all.push(byte);
    while (out.all.length % alignment !== 0) out.all.push(0);
  }
  return Uint8Array.from(out.all);
}

/** A file's metadata and tensors, as their bytes. */
export function readPlainGguf(file: Uint8Array): { readonly values: Map<string, PlainValue>; readonly tensors: Map<string, PlainTensor> } {
  const view = Buffer.from(file);
  let at = 8;
  /** Where the next bytes begin, which are passed. */
  const pass = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const u32 = (): number => view.readUInt32LE(pass(4));
  const u64 = (): number => Number(view.readBigUInt64LE(pass(8)));
  const text = (): string => {
    const start = pass(u64());
    return view.toString('utf8', start, at);
  };
  const value = (type: number): unknown => {
    if (type === 8) return text();
    if (type === 9) {
      const of = u32();
      return [of, Array.from({ length: u64() }, () => value(of))];
    }
    const start = pass([1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][type] as number);
    if (type === 0) return view.readUInt8(start);
    if (type === 1) return view.readInt8(start);
    if (type === 2) return view.readUInt16LE(start);
    if (type === 3) return view.readInt16LE(start);
    if (type === 4) return view.readUInt32LE(start);
    if (type === 5) return view.readInt32LE(start);
    if (type === 6) return view.readFloatLE(start);
    if (type === 7) return view.readUInt8(start) === 1;
    if (type === 10) return view.readBigUInt64LE(start);
    return type === 11 ? view.readBigInt64LE(start) : view.readDoubleLE(start);
  };
  const count = u64();
  const keys = u64();
  const values = new Map<string, PlainValue>();
  for (let i = 0; i < keys; i++) {
    const key = text();
    const type = u32();
    values.set(key, [type, value(type)]);
  }
  const found: { name: string; sizes: number[]; type: number; offset: number }[] = [];
  for (let i = 0; i < count; i++) {
    const name = text();
    const sizes = Array.from({ length: u32() }, u64);
    found.push({ name, sizes, type: u32(), offset: u64() });
  }
  const alignment = Number(values.get('general.alignment')?.[1] ?? 32);
  const start = Math.ceil(at / alignment) * alignment;
  const sizeOf: Readonly<Record<number, number>> = { 0: 4, 1: 2, 2: 18 / 32, 8: 34 / 32 };
  const tensors = found.map(({ name, sizes, type, offset }): [string, PlainTensor] => {
    const bytes = sizes.reduce((a, b) => a * b, 1) * (sizeOf[type] as number);
    return [name, { name, sizes, type, bytes: file.subarray(start + offset, start + offset + bytes) }];
  });
  return { values, tensors: new Map(tensors) };
}

/** binary16, by its definition. */
export function half(low: number, high: number): number {
  const bits = low | (high << 8);
  const sign = bits >> 15 === 1 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  return exponent === 0 ? (sign * fraction) / 2 ** 24 : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** The numbers of Q8_0 or Q4_0 bytes, one at a time. */
export function plainNumbers(type: 'Q8_0' | 'Q4_0', bytes: Uint8Array): number[] {
  const size = type === 'Q8_0' ? 34 : 18;
  return Array.from({ length: (bytes.length / size) * 32 }, (_, n) => {
    const block = bytes.subarray(Math.floor(n / 32) * size);
    const scale = half(block[0] as number, block[1] as number);
    const i = n % 32;
    if (type === 'Q8_0') return scale * (((block[2 + i] as number) << 24) >> 24);
    const byte = block[2 + (i % 16)] as number;
    return scale * ((i < 16 ? byte % 16 : Math.floor(byte / 16)) - 8);
  });
}
