/** What a message may hold as bytes instead of JSON: written little-endian, read without a copy where it lies aligned. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

const kinds = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
type Kind = keyof typeof kinds;

/** What stands in the JSON where an array was. */
interface Slot {
  readonly $array: readonly [kind: Kind, offset: number, length: number];
}

/** Bytes of the two lengths that begin a frame. */
const prefix = 8;
/** Arrays begin at multiples of this, counted from the payload's start. */
const alignment = 8;

/**
 * A message as bytes: the length of its JSON and of its payload (two uint32), the JSON padded with spaces to a multiple of
 * 8, then its typed arrays one after another. Little-endian, as typed arrays are on every machine that runs a browser or Node.
 * @throws RangeError: more than 4 GiB
 */
export function encodeFrame(value: unknown): Uint8Array {
  const arrays: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let size = 0;
  const put = (numbers: Numbers): Slot => {
    const kind = (Object.keys(kinds) as Kind[]).find((name) => numbers instanceof kinds[name]) as Kind;
    const at = size;
    arrays.push({ at, bytes: new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength) });
    size = roundUp(at + numbers.byteLength);
    return { $array: [kind, at, numbers.length] };
  };
  // The holder's own value: Node's Buffer would have turned itself into JSON before it comes here.
  const replaced = function (this: unknown, key: string, part: unknown): unknown {
    const own = (this as Readonly<Record<string, unknown>>)[key];
    return isNumbers(own) ? put(own) : part;
  };
  const json = new TextEncoder().encode(JSON.stringify(value, replaced));
  const head = roundUp(prefix + json.length) - prefix;
  const frame = new Uint8Array(prefix + head + size);
  const lengths = new DataView(frame.buffer);
  lengths.setUint32(0, head, true);
  lengths.setUint32(4, size, true);
  frame.set(json, prefix);
  frame.fill(0x20, prefix + json.length, prefix + head);
  for (const { at, bytes } of arrays) frame.set(bytes, prefix + head + at);
  return frame;
}

/** The message of a whole frame. @throws Error: bytes that are no frame */
export function decodeFrame(frame: Uint8Array): unknown {
  const lengths = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < prefix || frame.byteLength !== frameLength(lengths)) throw new Error('a frame whose length is not what it says');
  const head = lengths.getUint32(0, true);
  const payload = frame.subarray(prefix + head);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(prefix, prefix + head));
  return JSON.parse(text, (_, part: unknown) => (isSlot(part) ? taken(payload, part) : part));
}

/** Cuts a stream of bytes into frames, wherever the pieces end. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** @param limit the longest frame that is taken, in bytes */
  constructor(private readonly limit = 2 ** 31) {}

  /** @returns the messages that are whole now @throws Error: a frame beyond the limit, or none */
  push(piece: Uint8Array): unknown[] {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const messages: unknown[] = [];
    let at = 0;
    while (bytes.length - at >= prefix) {
      const length = frameLength(new DataView(bytes.buffer, bytes.byteOffset + at, prefix));
      if (length > this.limit) throw new Error(`a frame of ${length} bytes, where ${this.limit} are the most`);
      if (bytes.length - at < length) break;
      // Copied, so that arrays lie aligned and the piece may be let go of.
      messages.push(decodeFrame(bytes.slice(at, at + length)));
      at += length;
    }
    this.#rest = bytes.slice(at);
    return messages;
  }

  /** Whether the stream ended between frames. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }
}

function frameLength(lengths: DataView): number {
  return prefix + lengths.getUint32(0, true) + lengths.getUint32(4, true);
}

function roundUp(size: number): number {
  return Math.ceil(size / alignment) * alignment;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function isNumbers(part: unknown): part is Numbers {
  return Object.values(kinds).some((kind) => part instanceof kind);
}

function isSlot(part: unknown): part is Slot {
  return typeof part === 'object' && part !== null && Array.isArray((part as Partial<Slot>).$array);
}

function taken(payload: Uint8Array, { $array: [kind, offset, length] }: Slot): Numbers {
  const form = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  const fits = form !== undefined && [offset, length].every((n) => Number.isInteger(n) && n >= 0);
  if (!fits || offset + length * form.BYTES_PER_ELEMENT > payload.byteLength) throw new Error('an array outside its frame');
  const at = payload.byteOffset + offset;
  if (at % form.BYTES_PER_ELEMENT === 0) return new form(payload.buffer as ArrayBuffer, at, length);
  return new form(payload.slice(offset, offset + length * form.BYTES_PER_ELEMENT).buffer, 0, length);
}
