/** How GGUF stores a tensor's rows: in blocks of `elements` numbers that take `bytes` bytes. */
export interface GgufTensorType {
  readonly name: string;
  readonly id: number;
  readonly elements: number;
  readonly bytes: number;
}

const type = (id: number, name: string, elements: number, bytes: number): GgufTensorType => ({ id, name, elements, bytes });

/** The types of the format's description. Sizes of all are known, so that files with them can be listed; not all can be loaded. */
const types: readonly GgufTensorType[] = [
  type(0, 'F32', 1, 4),
  type(1, 'F16', 1, 2),
  type(2, 'Q4_0', 32, 18),
  type(3, 'Q4_1', 32, 20),
  type(6, 'Q5_0', 32, 22),
  type(7, 'Q5_1', 32, 24),
  type(8, 'Q8_0', 32, 34),
  type(9, 'Q8_1', 32, 36),
  type(10, 'Q2_K', 256, 84),
  type(11, 'Q3_K', 256, 110),
  type(12, 'Q4_K', 256, 144),
  type(13, 'Q5_K', 256, 176),
  type(14, 'Q6_K', 256, 210),
  type(15, 'Q8_K', 256, 292),
  type(24, 'I8', 1, 1),
  type(25, 'I16', 1, 2),
  type(26, 'I32', 1, 4),
  type(27, 'I64', 1, 8),
  type(28, 'F64', 1, 8),
  type(30, 'BF16', 1, 2),
];

export const tensorTypeById: ReadonlyMap<number, GgufTensorType> = new Map(types.map((t) => [t.id, t]));
export const tensorTypeByName: ReadonlyMap<string, GgufTensorType> = new Map(types.map((t) => [t.name, t]));

/** The types that can be written. */
export const writableTypes = ['F32', 'F16', 'Q8_0', 'Q4_0'] as const;
export type WritableType = (typeof writableTypes)[number];
