import fc from 'fast-check';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from '#dist/onnx/index.js';
import { typeFacts } from '#dist/onnx/schema.js';

/** Plain objects, as the decoder makes them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, { noNullPrototype: true });

/** Any text, all of Unicode included, and the awkward names. */
export const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '__proto__', '\ufeffmark', 'é', '注意', '🔦'),
);
const types = (Object.keys(typeFacts) as OnnxType[]).filter((t) => t !== 'string');
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(-1, 127, 128, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, -(2 ** 63), 2 ** 63),
);

const tensor: fc.Arbitrary<OnnxTensor> = record({
  name: anyName,
  type: fc.constantFrom(...types),
  dims: fc.array(fc.nat({ max: 7 }), { maxLength: 3 }),
}).chain(({ name, type, dims }) => {
  const bytes = dims.reduce((a, b) => a * b, typeFacts[type].bytes);
  const inside = fc.integer().map((seed) => Uint8Array.from({ length: bytes }, (_, i) => Math.imul(seed + i, 0x9e3779b1) >>> 24));
  const outside = record({ location: anyName, offset: fc.maxSafeInteger().map(Math.abs), length: fc.constant(bytes) });
  return fc.oneof(inside, outside).map((data) => ({ name, type, dims, data }));
});

const value: fc.Arbitrary<OnnxValue> = record({
  name: anyName,
  type: fc.constantFrom(...types, 'string' as const),
  dims: fc.option(fc.array(fc.oneof(fc.maxSafeNat(), anyName), { maxLength: 4 }), { nil: undefined }),
});

const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });

const tied = fc.letrec<{ graph: OnnxGraph; node: OnnxNode; attribute: OnnxAttribute }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    record({ kind: fc.constant('float' as const), value: fc.float() }),
    record({ kind: fc.constant('int' as const), value: integer }),
    record({ kind: fc.constant('string' as const), value: anyName }),
    record({ kind: fc.constant('tensor' as const), value: tensor }),
    record({ kind: fc.constant('floats' as const), value: fc.array(fc.float()) }),
    record({ kind: fc.constant('ints' as const), value: fc.array(integer) }),
    record({ kind: fc.constant('strings' as const), value: list(anyName) }),
    record({ kind: fc.constant('graph' as const), value: tie('graph') }),
  ),
  node: record({
    name: anyName,
    type: anyName,
    domain: anyName,
    inputs: list(anyName),
    outputs: list(anyName),
    attributes: list(fc.tuple(anyName, tie('attribute'))).map((entries) => Object.fromEntries(entries)),
  }),
  graph: record({ name: anyName, nodes: list(tie('node')), initializers: list(tensor), inputs: list(value), outputs: list(value) }),
}));

/** Models that obey the types and nothing else: names collide, nothing is defined. */
export const anyModel: fc.Arbitrary<OnnxModel> = record({
  irVersion: fc.maxSafeNat(),
  opsets: list(record({ domain: anyName, version: fc.maxSafeNat() })),
  producer: anyName,
  graph: tied.graph,
});

export function tensorOf(name: string, values: Float32Array | BigInt64Array | Uint8Array, dims: readonly number[]): OnnxTensor {
  const type = values instanceof Float32Array ? 'float32' : values instanceof BigInt64Array ? 'int64' : 'bool';
  return { name, type, dims, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

export function node(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode {
  return { name: `${type}_${outputs[0]}`, type, domain: '', inputs, outputs, attributes };
}

export function modelOf(graph: Partial<OnnxGraph>): OnnxModel {
  const whole = { name: 'main', nodes: [], initializers: [], inputs: [], outputs: [], ...graph };
  return { irVersion: 9, opsets: [{ domain: '', version: 20 }], producer: 'headlight test', graph: whole };
}

const float = (name: string, dims: OnnxValue['dims']): OnnxValue => ({ name, type: 'float32', dims });

/**
 * y = x · w + 1 for x [B,3], w [3,2]; z = the running sums of y's rows, by a Scan whose body uses the outer `one`.
 * Between them: an initializer, a tensor attribute, a subgraph, attributes of numbers, a named axis.
 */
export function sampleModel(w: OnnxTensor = tensorOf('w', Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])): OnnxModel {
  const body: OnnxGraph = {
    name: 'body',
    nodes: [node('Add', ['sum', 'row'], ['next']), node('Mul', ['next', 'one'], ['out'])],
    initializers: [],
    inputs: [float('sum', [2]), float('row', [2])],
    outputs: [float('next', [2]), float('out', [2])],
  };
  return modelOf({
    nodes: [
      node('Constant', [], ['one'], { value: { kind: 'tensor', value: tensorOf('', Float32Array.of(1), []) } }),
      node('Gemm', ['x', 'w'], ['xw'], { alpha: { kind: 'float', value: 1 }, transA: { kind: 'int', value: 0 } }),
      node('Add', ['xw', 'one'], ['y']),
      node('Scan', ['zero', 'y'], ['total', 'z'], {
        body: { kind: 'graph', value: body },
        num_scan_inputs: { kind: 'int', value: 1 },
        scan_input_axes: { kind: 'ints', value: [-2] },
      }),
    ],
    initializers: [w, tensorOf('zero', new Float32Array(2), [2])],
    inputs: [float('x', ['B', 3])],
    outputs: [float('y', ['B', 2]), float('z', ['B', 2])],
  });
}
