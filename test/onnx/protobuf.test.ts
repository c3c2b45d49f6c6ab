import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProtobufReader } from '#dist/onnx/protobuf-reader.js';
import { ProtobufWriter } from '#dist/onnx/protobuf-writer.js';

function bytesOf(write: (w: ProtobufWriter) => void): number[] {
  const w = new ProtobufWriter();
  write(w);
  return [...w.finish()];
}

/** The wire format by its definition, over BigInt: an oracle for the 32-bit halves that the writer and reader use. */
function varint(value: bigint): number[] {
  const out: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return [...out, Number(rest)];
    out.push(Number(rest & 127n) | 128);
  }
}

it('writes integers as the definition says, and reads any 64 bits back', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.maxSafeInteger(), (big, small) => {
      expect(bytesOf((w) => w.int(1, small, 'small'))).toEqual([0x08, ...varint(BigInt(small))]);
      const r = new ProtobufReader(Uint8Array.of(0x08, ...varint(big)));
      expect(r.next()).toBe(true);
      expect(new BigInt64Array(r.integers(8).slice().buffer)[0]).toBe(big);
    }),
  );
});

it("writes the examples of protobuf's own guide", () => {
  expect(bytesOf((w) => w.int(1, 150, 'a'))).toEqual([0x08, 0x96, 0x01]);
  expect(bytesOf((w) => w.int(1, -2, 'a'))).toEqual([0x08, 0xfe, ...new Array<number>(8).fill(0xff), 0x01]);
  expect(bytesOf((w) => w.text(2, 'testing'))).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
  expect(bytesOf((w) => w.message(3, () => w.int(1, 150, 'a')))).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
});

it('reads a packed row as it reads single fields', () => {
  const packed = new ProtobufReader(Uint8Array.of(0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05)); // the guide's [3, 270, 86942]
  const values: number[] = [];
  while (packed.next()) packed.intsInto(values);
  expect(values).toEqual([3, 270, 86942]);
});
