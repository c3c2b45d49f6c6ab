import { fail } from '../core/index.js';
import type { ExternalData, OnnxTensor, OnnxType } from './model.js';
import type { ProtobufReader } from './protobuf-reader.js';
import { byteLength, ENTRY, EXTERNAL, TENSOR, typeFacts, typeOfCode } from './schema.js';

/**
 * A TensorProto. Its elements come from `raw_data` (a view of the file's bytes), from the typed field that its type
 * prescribes (`float_data`, `int32_data`, …, converted to raw), or stay a reference to another file.
 */
export function readTensor(r: ProtobufReader): OnnxTensor {
  const type = readType(r.fork()); // fields may come in any order, and the type says how to read the others
  const { typedField, bytes } = typeFacts[type];
  const dims: number[] = [];
  const pieces: Uint8Array[] = [];
  const entries = new Map<string, string>();
  let name = '';
  let raw: Uint8Array | undefined;
  let location = 0;
  while (r.next()) {
    if (r.field === TENSOR.dims) r.intsInto(dims);
    else if (r.field === TENSOR.name) name = r.text();
    else if (r.field === TENSOR.rawData) raw = r.bytes();
    else if (r.field === TENSOR.dataLocation) location = r.int();
    else if (r.field === TENSOR.externalData) readEntry(r.message(), entries);
    else if (r.field === typedField && bytes !== 0) pieces.push(readElements(r, typedField, bytes));
    else r.skip();
  }
  const where = `tensor '${name}'`;
  if (type === 'string') throw fail('unsupported', { where, rule: 'a tensor of numbers', got: 'strings' });
  for (const d of dims) {
    if (!Number.isSafeInteger(d) || d < 0) throw fail('file', { where, rule: 'sizes are integers from 0 to 2⁵³ − 1', got: String(d) });
  }
  const data = location === EXTERNAL ? externalData(entries, byteLength(type, dims), where) : (raw ?? joined(pieces));
  return { name, type, dims, data };
}

/** The element type of a code, or an error that names what has it. */
export function knownType(code: number, where: string): OnnxType {
  const type = typeOfCode(code);
  if (type !== undefined) return type;
  throw fail('unsupported', { where, rule: 'an element type of floats, integers, booleans or strings', got: `ONNX type ${code}` });
}

function readType(r: ProtobufReader): OnnxType {
  let code = 0;
  let name = '';
  while (r.next()) {
    if (r.field === TENSOR.type) code = r.int();
    else if (r.field === TENSOR.name) name = r.text();
    else r.skip();
  }
  return knownType(code, `tensor '${name}'`);
}

function readElements(r: ProtobufReader, field: number, bytes: 1 | 2 | 4 | 8): Uint8Array {
  if (field === TENSOR.floatData) return r.fixed(4);
  if (field === TENSOR.doubleData) return r.fixed(8);
  return r.integers(bytes);
}

function readEntry(r: ProtobufReader, entries: Map<string, string>): void {
  let key = '';
  let value = '';
  while (r.next()) {
    if (r.field === ENTRY.key) key = r.text();
    else if (r.field === ENTRY.value) value = r.text();
    else r.skip();
  }
  entries.set(key, value);
}

function externalData(entries: ReadonlyMap<string, string>, bytes: number, where: string): ExternalData {
  const size = (key: string, missing: number): number => {
    const text = entries.get(key);
    const value = text === undefined ? missing : /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw fail('file', { where, rule: `the external data's ${key} is a whole number`, got: text ?? String(missing) });
  };
  const location = entries.get('location');
  if (location === undefined) throw fail('file', { where, rule: 'external data names its location', got: 'none' });
  return { location, offset: size('offset', 0), length: size('length', bytes) };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const out = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
