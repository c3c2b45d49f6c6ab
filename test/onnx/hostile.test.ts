import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { checkModel, decodeModel, encodeModel } from '#dist/onnx/index.js';
import { ProtobufWriter } from '#dist/onnx/protobuf-writer.js';
import { ATTRIBUTE, GRAPH, MODEL, NODE } from '#dist/onnx/schema.js';
import { anyModel, modelOf, node, sampleModel } from './models.js';

/** Reads, checks and writes the bytes; whatever they are, only a HeadlightError may come. */
function use(bytes: Uint8Array): void {
  try {
    const model = decodeModel(bytes);
    encodeModel(model);
    checkModel(model);
  } catch (error) {
    if (!(error instanceof HeadlightError)) throw error;
  }
}

it('mutated files give a HeadlightError or a model', () => {
  const sample = encodeModel(sampleModel());
  const base = fc.oneof(fc.constant(sample), anyModel.map(encodeModel));
  const edit = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff)),
    cut: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(base, fc.array(edit, { minLength: 1, maxLength: 6 }), (bytes, edits) => {
      let mutated = [...bytes];
      for (const { at, byte, cut } of edits) mutated.splice(at % (mutated.length + 1), cut, byte);
      use(Uint8Array.from(mutated));
      mutated = mutated.slice(0, (edits[0]?.at ?? 0) % (mutated.length + 1));
      use(Uint8Array.from(mutated));
    }),
    { numRuns: 500 },
  );
});

it('random bytes give a HeadlightError or a model', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), use), { numRuns: 500 });
});

it('every prefix of a file is noticed or lacks only later fields', () => {
  const sample = encodeModel(sampleModel());
  for (let length = 0; length < sample.length; length++) use(sample.subarray(0, length));
  expect(() => decodeModel(sample.subarray(0, sample.length - 1))).toThrow(expect.objectContaining({ code: 'file' }));
});

const graph = (...inside: number[]) => Uint8Array.of((MODEL.graph << 3) | 2, inside.length, ...inside);

it.each([
  ['no bytes', new Uint8Array(), /has a graph/],
  ['a length beyond the end', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f), /4294967295 more bytes; got 0/],
  ['a length beyond 2³²', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), /more bytes/],
  ['a varint of 11 bytes', Uint8Array.of(0x08, ...new Array<number>(10).fill(0xff), 0x01), /at most 10 bytes/],
  ['a varint cut off', Uint8Array.of(0x08, 0x80), /whole varint/],
  ['field 0', Uint8Array.of(0x02, 0x00), /field number/],
  ['a group', graph(0x0b, 0x0c), /wire type 2; got 3/],
  ['a node that is a number', graph(0x08, 0x01), /field 1 has wire type 2; got 0/],
  ['a name that is not UTF-8', graph(0x12, 0x02, 0xc3, 0x28), /text in UTF-8/],
  ['a message that reaches past its parent', graph(0x0a, 0x05, 0x00), /5 more bytes; got 1/],
])('says what is wrong with %s', (_, bytes, message) => {
  expect(() => decodeModel(bytes)).toThrow(message);
  expect(() => decodeModel(bytes)).toThrow(expect.objectContaining({ code: 'file', name: 'HeadlightError' }));
});

it('follows graphs in graphs to a depth, not until the stack ends', () => {
  const w = new ProtobufWriter();
  const nest = (depth: number): void => {
    if (depth === 0) return;
    w.message(GRAPH.node, () => w.message(NODE.attribute, () => w.message(ATTRIBUTE.graph, () => nest(depth - 1))));
  };
  w.message(MODEL.graph, () => nest(500));
  expect(() => decodeModel(w.finish())).toThrow(/nest at most 100 deep/);
});

it('steps over fields it does not know', () => {
  const w = new ProtobufWriter();
  w.int(1000, -1, '');
  w.float(1001, 1);
  w.text(1002, 'doc');
  const fixed64 = Uint8Array.of(0x51, 1, 2, 3, 4, 5, 6, 7, 8);
  expect(decodeModel(Uint8Array.of(...w.finish(), ...fixed64, ...encodeModel(sampleModel())))).toStrictEqual(sampleModel());
});

it('an attribute named twice is refused, not guessed', () => {
  const [a, b] = ['a', 'b'].map((name) =>
    encodeModel(
      modelOf({ nodes: [node('Op', [], [], { first: { kind: 'string', value: name }, secnd: { kind: 'string', value: name } })] }),
    ),
  );
  const twice = Uint8Array.from(a as Uint8Array);
  const at = Buffer.from(twice).indexOf('secnd');
  twice.set(Buffer.from('first'), at);
  expect(() => decodeModel(twice)).toThrow(/named once; got 'first' twice/);
  expect(decodeModel(b as Uint8Array).graph.nodes[0]?.attributes.first).toEqual({ kind: 'string', value: 'b' });
});
