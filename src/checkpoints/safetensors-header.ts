import { fail, type HeadlightError } from '../core/index.js';
import { quote } from './quote.js';
import { storedBytes } from './stored-type.js';

/** Where a tensor lies and what it is. */
export interface TensorInfo {
  /** As the file names it: F32, BF16, I64, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** First byte, counted from the start of the data, that is, after the header. */
  readonly offset: number;
}

export interface SafetensorsHeader {
  /** In the order in which the tensors lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own bound. */
const mostHeaderBytes = 100_000_000;

function broken(where: string, rule: string, got: string, cause?: unknown): HeadlightError {
  return fail('file', { where, rule, got, fix: 'The file is damaged or is not a safetensors file: fetch or save it again', cause });
}

/**
 * The header's length: the first 8 bytes, little-endian.
 *
 * @throws `file` when the file is too short for it, or it is beyond 100 MB
 */
export function readHeaderLength(first: Uint8Array, fileBytes: number, where: string): number {
  if (first.length < 8) throw broken(where, 'a safetensors file has at least 8 bytes', `${first.length} bytes`);
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
  if (length > mostHeaderBytes) throw broken(where, `the header has at most ${mostHeaderBytes} bytes`, `a claim of ${length} bytes`);
  if (length > fileBytes - 8) throw broken(where, 'the header lies within the file', `a claim of ${length} of ${fileBytes - 8} bytes`);
  return length;
}

/**
 * Reads and checks a header: every tensor has a known dtype and a shape that fits its bytes, and together the tensors
 * cover the data without gap or overlap.
 *
 * @param bytes the JSON, without the length before it
 * @param dataBytes the bytes of the file behind the header
 * @throws `file`, naming the tensor
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, where: string): SafetensorsHeader {
  const entries = Object.entries(parseObject(bytes, where));
  const found: [string, TensorInfo][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of entries) {
    if (name === '__metadata__') metadata = readMetadata(entry, where);
    else found.push([name, readEntry(name, entry, dataBytes, where)]);
  }
  found.sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let end = 0;
  for (const [name, { offset, bytes: length }] of found) {
    if (offset !== end) {
      const rule = `tensor ${quote(name)} begins at byte ${end} of the data, where the one before it ends`;
      throw broken(where, rule, `byte ${offset}, ${offset < end ? 'an overlap' : 'a gap'}`);
    }
    end += length;
  }
  if (end !== dataBytes) throw broken(where, `the data has the ${end} bytes that the header describes`, `${dataBytes} bytes`);
  return { tensors: new Map(found), metadata };
}

function parseObject(bytes: Uint8Array, where: string): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(where, 'the header is JSON in UTF-8', 'bytes that do not parse', error);
  }
  if (!isObject(value)) throw broken(where, 'the header is a JSON object', kindOf(value));
  return value;
}

function readMetadata(value: unknown, where: string): Record<string, string> {
  if (!isObject(value)) throw broken(where, '__metadata__ is a JSON object', kindOf(value));
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw broken(where, `__metadata__ entry ${quote(key)} is a string`, kindOf(text));
  }
  return value as Record<string, string>;
}

function readEntry(name: string, entry: unknown, dataBytes: number, where: string): TensorInfo {
  const tensor = `tensor ${quote(name)}`;
  if (!isObject(entry)) throw broken(where, `${tensor} is described by a JSON object`, kindOf(entry));
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  const each = typeof dtype === 'string' ? storedBytes.get(dtype) : undefined;
  if (each === undefined) throw broken(where, `${tensor} has a dtype among ${[...storedBytes.keys()].join(', ')}`, describe(dtype));
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw broken(where, `${tensor} has a shape of whole numbers, 0 or more`, describe(shape));
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw broken(where, `${tensor} has two data_offsets, whole numbers, 0 or more`, describe(offsets));
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes) {
    throw broken(where, `${tensor} lies within the ${dataBytes} bytes of data`, `bytes ${begin} to ${end}`);
  }
  let bytes = each;
  for (const size of shape as number[]) bytes *= size; // beyond 2^53 it is inexact, but then it is also larger than any file
  if (bytes !== end - begin) {
    throw broken(where, `${tensor} of shape ${quote(shape)} and dtype ${dtype} has ${bytes} bytes`, `${end - begin} bytes`);
  }
  return { dtype: dtype as string, shape: shape as number[], bytes, offset: begin };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}

/** Scalars and short lists are shown; deep or long values are only named, since printing them may itself fail. */
function describe(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return value.length <= 16 && value.every((v) => typeof v !== 'object') ? quote(value) : 'another list';
  return typeof value === 'object' ? kindOf(value) : quote(value);
}
