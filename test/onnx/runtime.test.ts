import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkModel, decodeModel, encodeModel, type OnnxModel, type OnnxType } from '#dist/onnx/index.js';
import { ProtobufWriter } from '#dist/onnx/protobuf-writer.js';
import { ATTRIBUTE, attributeCode, GRAPH, MODEL, NODE, OPSET, TENSOR, TENSOR_TYPE, TYPE, typeFacts, VALUE } from '#dist/onnx/schema.js';
import { modelOf, node, sampleModel, tensorOf } from './models.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-onnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options: ort.InferenceSession.SessionOptions = { intraOpNumThreads: 1, logSeverityLevel: 3 };

async function run(model: Uint8Array | string, feeds: Record<string, ort.Tensor> = {}, extra: ort.InferenceSession.SessionOptions = {}) {
  const settings = { ...options, ...extra };
  const session = await (typeof model === 'string'
    ? ort.InferenceSession.create(model, settings)
    : ort.InferenceSession.create(model, settings));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const x = () => ({ x: new ort.Tensor('float32', Float32Array.of(1, 0, 0, 0, 1, 1), [2, 3]) });
const y = Float32Array.of(2, 3, 9, 11); // x · [[1,2],[3,4],[5,6]] + 1
const z = Float32Array.of(2, 3, 11, 14); // its running sums

it('ONNX Runtime runs an encoded model: Gemm, a tensor attribute, a Scan over an outer value', async () => {
  checkModel(sampleModel());
  const out = await run(encodeModel(sampleModel()), x());
  expect([out.y?.data, out.z?.data, out.z?.dims]).toEqual([y, z, [2, 2]]);
});

it('reads what ONNX Runtime writes, and writes it back', async () => {
  const optimizedModelFilePath = join(folder, 'theirs.onnx');
  await run(encodeModel(sampleModel()), x(), { optimizedModelFilePath, graphOptimizationLevel: 'basic' });
  const theirs = decodeModel(await readFile(optimizedModelFilePath));
  checkModel(theirs);
  expect(theirs.graph.inputs).toEqual(sampleModel().graph.inputs);
  const out = await run(encodeModel(theirs), x());
  expect([out.y?.data, out.z?.data]).toEqual([y, z]);
});

it('takes weights from a file beside the model', async () => {
  const weights = new Uint8Array(64 + 24);
  weights.set(new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), 64);
  await writeFile(join(folder, 'weights.bin'), weights);
  const data = { location: 'weights.bin', offset: 64, length: 24 };
  const model = sampleModel({ name: 'w', type: 'float32', dims: [3, 2], data });
  checkModel(model);
  await writeFile(join(folder, 'outside.onnx'), encodeModel(model));
  const out = await run(join(folder, 'outside.onnx'), x());
  expect([out.y?.data, out.z?.data]).toEqual([y, z]);
});

it('integers arrive as they are: negative axes, the largest int64 as an open end', async () => {
  const reshape = node('Transpose', ['x'], ['t'], { perm: { kind: 'ints', value: [1, 0] } });
  const softmax = node('Softmax', ['t'], ['s'], { axis: { kind: 'int', value: -1 } });
  const cut = node('Slice', ['s', 'start', 'end'], ['r']);
  const model: OnnxModel = modelOf({
    nodes: [reshape, softmax, cut],
    initializers: [tensorOf('start', BigInt64Array.of(-2n), [1]), tensorOf('end', BigInt64Array.of(2n ** 63n - 1n), [1])],
    inputs: [{ name: 'x', type: 'float32', dims: undefined }],
    outputs: [{ name: 'r', type: 'float32', dims: ['', 'T'] }],
  });
  checkModel(model);
  const { r } = await run(encodeModel(model), { x: new ort.Tensor('float32', new Float32Array(6), [2, 3]) });
  expect([r?.data, r?.dims]).toEqual([Float32Array.of(0.5, 0.5, 0.5, 0.5), [2, 2]]);
});

/** A model whose one output is a Constant with its elements in a typed field, as other writers do; ours never writes these. */
function typedModel(type: OnnxType, elements: (w: ProtobufWriter) => void): Uint8Array {
  const w = new ProtobufWriter();
  const { code } = typeFacts[type];
  w.int(MODEL.irVersion, 9, '');
  w.message(MODEL.opset, () => w.int(OPSET.version, 20, ''));
  w.message(MODEL.graph, () => {
    w.text(GRAPH.name, 'g');
    w.message(GRAPH.node, () => {
      w.text(NODE.output, 'y');
      w.text(NODE.type, 'Constant');
      w.message(NODE.attribute, () => {
        w.text(ATTRIBUTE.name, 'value');
        w.message(ATTRIBUTE.tensor, () => {
          elements(w); // before the type, which fields may be
          w.int(TENSOR.dims, 3, '');
          w.int(TENSOR.type, code, '');
        });
        w.int(ATTRIBUTE.kind, attributeCode.tensor, '');
      });
    });
    w.message(GRAPH.output, () => {
      w.text(VALUE.name, 'y');
      w.message(VALUE.type, () => w.message(TYPE.tensor, () => w.int(TENSOR_TYPE.element, code, '')));
    });
  });
  return w.finish();
}

const ints = (field: number, values: readonly number[]) => ({
  single: (w: ProtobufWriter) => {
    for (const v of values) w.int(field, v, '');
  },
  packed: (w: ProtobufWriter) => {
    const row = new ProtobufWriter();
    for (const v of values) row.int(1, v, '');
    // Each int above is a one-byte tag and its varint: without the tags it is a packed row.
    const bytes = row.finish();
    const kept: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      i++;
      while ((bytes[i] as number) >= 0x80) kept.push(bytes[i++] as number);
      kept.push(bytes[i] as number);
    }
    w.bytes(field, Uint8Array.from(kept));
  },
});

const floats = (values: readonly number[]) => ({
  single: (w: ProtobufWriter) => {
    for (const v of values) w.float(TENSOR.floatData, v);
  },
  packed: (w: ProtobufWriter) => w.bytes(TENSOR.floatData, new Uint8Array(Float32Array.from(values).buffer)),
});

const doubles = (values: readonly number[]) => {
  const packed = (w: ProtobufWriter) => w.bytes(TENSOR.doubleData, new Uint8Array(Float64Array.from(values).buffer));
  return { single: packed, packed };
};

it.each([
  ['float32', floats([0.1, -2.5, 3e30])],
  ['float64', doubles([0.1, -2.5, 3e300])],
  ['int8', ints(TENSOR.int32Data, [-128, 127, -1])],
  ['uint8', ints(TENSOR.int32Data, [0, 255, 128])],
  ['int16', ints(TENSOR.int32Data, [-32768, 32767, -1])],
  ['uint16', ints(TENSOR.int32Data, [0, 65535, 300])],
  ['int32', ints(TENSOR.int32Data, [-(2 ** 31), 2 ** 31 - 1, -1])],
  ['int64', ints(TENSOR.int64Data, [-(2 ** 63), 2 ** 63, -(2 ** 40) - 1])],
  ['uint32', ints(TENSOR.uint64Data, [0, 2 ** 32 - 1, 2 ** 31])],
  ['uint64', ints(TENSOR.uint64Data, [0, 2 ** 53 - 1, 2 ** 62])],
  ['bool', ints(TENSOR.int32Data, [1, 0, 1])],
  ['float16', ints(TENSOR.int32Data, [0x3c00, 0xbc00, 0x7bff])],
] as const)('reads typed fields as ONNX Runtime does: %s', async (type, { single, packed }) => {
  for (const elements of [single, packed]) {
    const bytes = typedModel(type, elements);
    const attribute = decodeModel(bytes).graph.nodes[0]?.attributes.value;
    if (attribute?.kind !== 'tensor' || !(attribute.value.data instanceof Uint8Array)) throw new Error('expected a tensor with data');
    const theirs = (await run(bytes)).y?.data as Uint8Array;
    expect([...attribute.value.data]).toEqual([...new Uint8Array(theirs.buffer, theirs.byteOffset, theirs.byteLength)]);
  }
});
