import type { OnnxType } from './model.js';

/** Field numbers of onnx.proto's messages, by the names of our plain data. */
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, training: 20, functions: 25 } as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
export const NODE = { input: 1, output: 2, name: 3, type: 4, attribute: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  kind: 20,
} as const;
export const TENSOR = {
  dims: 1,
  type: 2,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;
export const ENTRY = { key: 1, value: 2 } as const;
export const VALUE = { name: 1, type: 2 } as const;
export const TYPE = { tensor: 1 } as const;
export const TENSOR_TYPE = { element: 1, shape: 2 } as const;
export const SHAPE = { dim: 1 } as const;
export const DIM = { value: 1, symbol: 2 } as const;

/** TensorProto.DataLocation. */
export const EXTERNAL = 1;

/** AttributeProto.AttributeType. */
export const attributeCode = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/** How each element type is written: TensorProto.DataType, bytes of an element, and the typed field other writers may use. */
export interface TypeFacts {
  readonly code: number;
  /** 0: elements have no fixed size. */
  readonly bytes: 0 | 1 | 2 | 4 | 8;
  readonly typedField: number;
}

export const typeFacts: Readonly<Record<OnnxType, TypeFacts>> = {
  float32: { code: 1, bytes: 4, typedField: TENSOR.floatData },
  uint8: { code: 2, bytes: 1, typedField: TENSOR.int32Data },
  int8: { code: 3, bytes: 1, typedField: TENSOR.int32Data },
  uint16: { code: 4, bytes: 2, typedField: TENSOR.int32Data },
  int16: { code: 5, bytes: 2, typedField: TENSOR.int32Data },
  int32: { code: 6, bytes: 4, typedField: TENSOR.int32Data },
  int64: { code: 7, bytes: 8, typedField: TENSOR.int64Data },
  string: { code: 8, bytes: 0, typedField: TENSOR.stringData },
  bool: { code: 9, bytes: 1, typedField: TENSOR.int32Data },
  float16: { code: 10, bytes: 2, typedField: TENSOR.int32Data },
  float64: { code: 11, bytes: 8, typedField: TENSOR.doubleData },
  uint32: { code: 12, bytes: 4, typedField: TENSOR.uint64Data },
  uint64: { code: 13, bytes: 8, typedField: TENSOR.uint64Data },
  bfloat16: { code: 16, bytes: 2, typedField: TENSOR.int32Data },
};

const typeByCode = new Map(Object.entries(typeFacts).map(([type, facts]) => [facts.code, type as OnnxType]));

/** The type of a TensorProto.DataType; undefined for those we have no name for (complex, 8-bit floats, 4-bit integers). */
export function typeOfCode(code: number): OnnxType | undefined {
  return typeByCode.get(code);
}

/** Bytes that a tensor of these dims takes: their product × the element's size. */
export function byteLength(type: OnnxType, dims: readonly number[]): number {
  return dims.reduce((product, d) => product * d, typeFacts[type].bytes);
}
