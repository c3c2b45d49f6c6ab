import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeModel, encodeModel, type OnnxAttribute } from '#dist/onnx/index.js';
import { anyModel, modelOf, node, tensorOf } from './models.js';

it('decode(encode(model)) is the model', () => {
  fc.assert(
    fc.property(anyModel, (model) => {
      expect(decodeModel(encodeModel(model))).toStrictEqual(model);
    }),
    { numRuns: 300 },
  );
});

it('keeps tensors of every size about the length prefix’s steps, in graphs within graphs', () => {
  for (const bytes of [0, 1, 120, 127, 128, 511, 512, 16_383, 16_384]) {
    const values = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
    const inner = modelOf({ initializers: [tensorOf('deep', values, [bytes])] }).graph;
    const model = modelOf({
      nodes: [node('If', ['c'], ['y'], { then_branch: { kind: 'graph', value: inner } })],
      initializers: [tensorOf('a', values, [bytes]), tensorOf('b', values.slice(0, bytes >> 1), [bytes >> 1])],
    });
    expect(decodeModel(encodeModel(model))).toStrictEqual(model);
  }
});

it('reads raw data as views of the file, megabytes of it', () => {
  const values = Uint8Array.from({ length: 3 * 2 ** 20 }, (_, i) => i % 251);
  const bytes = encodeModel(modelOf({ initializers: [tensorOf('w', values, [3, 2 ** 20])] }));
  const data = decodeModel(bytes).graph.initializers[0]?.data;
  if (!(data instanceof Uint8Array)) throw new Error('expected bytes');
  expect(data.buffer).toBe(bytes.buffer);
  expect(Buffer.compare(data, values)).toBe(0);
});

it('rounds floats to 32 bits and refuses numbers without a place', () => {
  const withAttribute = (attribute: OnnxAttribute) => modelOf({ nodes: [node('Op', [], ['y'], { a: attribute })] });
  const decoded = decodeModel(encodeModel(withAttribute({ kind: 'float', value: 0.1 })));
  expect(decoded.graph.nodes[0]?.attributes.a).toEqual({ kind: 'float', value: Math.fround(0.1) });
  for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 64]) {
    expect(() => encodeModel(withAttribute({ kind: 'int', value }))).toThrow(/attribute 'a' of node 'Op_y': an integer of 64 bits/);
  }
  expect(() => encodeModel(modelOf({ inputs: [{ name: 'x', type: 'float32', dims: [-1] }] }))).toThrow(/value 'x': sizes are integers/);
  expect(() => encodeModel(modelOf({ initializers: [{ name: 's', type: 'string', dims: [0], data: new Uint8Array() }] }))).toThrow(
    expect.objectContaining({ code: 'unsupported' }),
  );
});

it('refuses a model of 2 GiB before making it', () => {
  const mebibyte = tensorOf('w', new Uint8Array(2 ** 20), [2 ** 20]);
  expect(() => encodeModel(modelOf({ initializers: Array.from({ length: 2048 }, () => mebibyte) }))).toThrow(/less than 2 GiB/);
});
