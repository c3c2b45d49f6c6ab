import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame, FrameReader, flatOf, indexOf } from '#dist/server/protocol/index.js';

const numbers = fc.oneof(
  fc.array(fc.float({ noNaN: false }), { maxLength: 20 }).map((list) => Float32Array.from(list)),
  fc.array(fc.double(), { maxLength: 20 }).map((list) => Float64Array.from(list)),
  fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 20 }).map((list) => Int32Array.from(list)),
  fc.uint8Array({ maxLength: 20 }),
);
const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value)?.includes('$array') && !Object.is(value, -0));
/** As JSON gives it back: −0 is 0 there. */
const message = fc.dictionary(
  fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__'),
  fc.oneof(
    numbers,
    json.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  ),
);

test('a message comes back as it was, its arrays to the bit, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(200), { maxLength: 8 }), (messages, cuts) => {
      const stream = Buffer.concat(messages.map((one) => encodeFrame(one)));
      const places = [...new Set(cuts.filter((at) => at < stream.length)), stream.length].sort((a, b) => a - b);
      const reader = new FrameReader();
      const read = places.flatMap((to, i) => reader.push(stream.subarray(places[i - 1] ?? 0, to)));
      expect(read).toEqual(messages);
      expect(reader.isWhole).toBe(true);
    }),
  );
});

test('arrays of subarrays and of Node’s buffers are their own part only', () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  const told = decodeFrame(encodeFrame({ part: whole.subarray(1, 3), bytes: Buffer.from([7, 8]) })) as {
    part: Float32Array;
    bytes: Uint8Array;
  };
  expect([Array.from(told.part), Array.from(told.bytes)]).toEqual([[2, 3], [7, 8]]); // biome-ignore format: pairs
});

test('bytes that are no frame are refused: no huge allocation, no array outside', () => {
  const frame = encodeFrame({ x: Float32Array.of(1, 2) });
  expect(() => decodeFrame(frame.subarray(0, -1))).toThrow(/length/);
  expect(() => decodeFrame(new Uint8Array(4))).toThrow(/length/);
  const text = new TextDecoder().decode(frame.subarray(8));
  for (const bad of ['"f32",0,99', '"f32",-4,1', '"f32",1e9,1', '"nope",0,1', '"f32",0,0.5']) {
    const json = text.replace(/"f32",0,2/, bad).replaceAll('\0', ' ');
    const bytes = new TextEncoder().encode(json.slice(0, 40).padEnd(40));
    const made = new Uint8Array(8 + bytes.length);
    new DataView(made.buffer).setUint32(0, bytes.length, true);
    made.set(bytes, 8);
    expect(() => decodeFrame(made), bad).toThrow();
  }
  const reader = new FrameReader(1000);
  const head = new Uint8Array(8).fill(0x7f);
  expect(() => reader.push(head)).toThrow(/1000 are the most/);
});

test('indices and places are each other’s inverse', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, n) => {
      const flat = n % shape.reduce((a, b) => a * b, 1);
      expect(flatOf(indexOf(flat, shape), shape)).toBe(flat);
    }),
  );
});
