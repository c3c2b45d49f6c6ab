import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGguf, type GgufValue, parseGguf, readGguf, type WritableType, writableTypes, writeGguf } from '#dist/checkpoints/index.js';
import { joined } from '../files.js';
import { half, plainGguf, plainNumbers, readPlainGguf } from './independent.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-gguf-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(metadata: ReadonlyMap<string, GgufValue>, tensors: Parameters<typeof encodeGguf>[1] = []): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeGguf(metadata, tensors)) chunks.push(chunk);
  return joined(chunks);
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('metadata', () => {
  it('of every type, written by another writer, are read', async () => {
    const file = await parseGguf(
      plainGguf(
        {
          a: [0, 200],
          b: [1, -100],
          c: [2, 60_000],
          d: [3, -30_000],
          e: [4, 4e9],
          f: [5, -2e9],
          g: [6, 0.5],
          h: [7, true],
          i: [8, 'ein Wört 🜂'],
          j: [10, 2n ** 63n],
          k: [11, -(2n ** 62n)],
          l: [12, 0.1],
          m: [9, [8, ['x', '', 'z']]],
          n: [9, [6, [1, 2.5]]],
          o: [9, [7, [true, false]]],
          p: [
            9,
            [
              9,
              [
                [5, [-1]],
                [8, ['deep']],
              ],
            ],
          ],
          q: [9, [11, [-5n]]],
        },
        [],
      ),
    );
    const plain = Object.fromEntries([...file.metadata].map(([key, { value }]) => [key, value]));
    expect(plain).toMatchObject({ a: 200, b: -100, c: 60_000, d: -30_000, e: 4e9, f: -2e9, g: 0.5, h: true, i: 'ein Wört 🜂', l: 0.1 });
    expect([plain.j, plain.k]).toEqual([2n ** 63n, -(2n ** 62n)]);
    expect(plain.m).toEqual({ of: 'string', items: ['x', '', 'z'] });
    expect(plain.n).toEqual({ of: 'float32', items: Float32Array.of(1, 2.5) });
    expect(plain.o).toEqual({ of: 'bool', items: [true, false] });
    expect(plain.p).toEqual({
      of: 'array',
      items: [
        { of: 'int32', items: Int32Array.of(-1) },
        { of: 'string', items: ['deep'] },
      ],
    });
    expect(plain.q).toEqual({ of: 'int64', items: BigInt64Array.of(-5n) });
    // What we write of it, the other reader reads as it was, and we read again as it is.
    const again = await written(file.metadata);
    expect((await parseGguf(again)).metadata).toEqual(file.metadata);
    expect(readPlainGguf(again).values.get('p')).toEqual([
      9,
      [
        9,
        [
          [5, [-1]],
          [8, ['deep']],
        ],
      ],
    ]);
    expect(readPlainGguf(again).values.get('k')).toEqual([11, -(2n ** 62n)]);
  });

  it('may be longer than what is read at first', async () => {
    const items = Array.from({ length: 150_000 }, (_, i) => `token ${i}`);
    const path = join(folder, 'long.gguf');
    await writeGguf(path, new Map([['tokenizer.ggml.tokens', { type: 'array', value: { of: 'string', items } }]]), [
      { name: 'x', shape: [2], type: 'F32', values: () => Float32Array.of(1, 2) },
    ]);
    const file = await readGguf(path);
    expect(file.metadata.get('tokenizer.ggml.tokens')?.value).toEqual({ of: 'string', items });
    expect([...(await file.load('x')).data]).toEqual([1, 2]);
    await file.close();
  });
});

describe('tensors', () => {
  it.each([32, 64, 8])('of another writer are read, aligned to %i', async (alignment) => {
    const bytes = plainGguf(
      { 'general.alignment': [4, alignment] },
      [
        { name: 'plain', sizes: [3, 2], type: 0, bytes: floats(1, 2, 3, 4, 5, 6) },
        { name: 'halves', sizes: [2], type: 1, bytes: Uint8Array.of(0x00, 0x3c, 0x00, 0xc0) },
        { name: 'brain', sizes: [2], type: 30, bytes: Uint8Array.of(0x80, 0x3f, 0x00, 0xc0) },
        { name: 'eight', sizes: [32], type: 8, bytes: Uint8Array.from([0x00, 0x38, ...Array.from({ length: 32 }, (_, i) => i - 16)]) },
        { name: 'four', sizes: [32], type: 2, bytes: Uint8Array.from([0x00, 0x38, ...Array.from({ length: 16 }, (_, i) => i * 17)]) },
        { name: 'other', sizes: [256], type: 10, bytes: new Uint8Array(84) },
      ],
      alignment,
    );
    const file = await parseGguf(bytes, 'm.gguf');
    expect(file.info('plain')).toMatchObject({ dtype: 'F32', shape: [2, 3], bytes: 24 });
    expect((await file.load('plain')).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([...(await file.load('halves')).data]).toEqual([1, -2]);
    expect([...(await file.load('brain')).data]).toEqual([1, -2]);
    expect([...(await file.load('eight')).data]).toEqual(Array.from({ length: 32 }, (_, i) => (i - 16) / 2));
    expect([...(await file.load('four')).data]).toEqual(Array.from({ length: 32 }, (_, i) => ((i % 16) - 8) / 2));
    expect(file.info('other').dtype).toBe('Q2_K');
    await expect(file.load('other')).rejects.toThrow(/"other" is of a type among F32, F16, BF16, Q8_0, Q4_0, .*Q6_K; got Q2_K/);
    await expect(file.load('plane')).rejects.toThrow(/Nearest: "plain"/);
  });

  it('written by us are what another reader reads, whole and aligned', async () => {
    const shape = [3, 64];
    const values = Float32Array.from({ length: 192 }, (_, i) => Math.sin(i * i) * (i % 7));
    const path = join(folder, 'new', 'a.gguf');
    const entries = writableTypes.map((type: WritableType) => ({ name: type, shape, type, values: () => values }));
    await writeGguf(path, new Map([['general.alignment', { type: 'uint32', value: 64 }]]), entries);
    expect(await readdir(join(folder, 'new'))).toEqual(['a.gguf']);
    const { tensors } = readPlainGguf(new Uint8Array(await readFile(path)));
    const bytesOf = (name: string): Uint8Array => tensors.get(name)?.bytes ?? new Uint8Array(0);
    expect(tensors.get('F32')?.sizes).toEqual([64, 3]);
    expect(new Float32Array(bytesOf('F32').slice().buffer)).toEqual(values);
    const ours = await readGguf(path);
    for (const type of ['Q8_0', 'Q4_0'] as const) {
      expect([...(await ours.load(type)).data], type).toEqual(plainNumbers(type, bytesOf(type)).map(Math.fround));
    }
    const halves = bytesOf('F16');
    expect([...(await ours.load('F16')).data]).toEqual(
      Array.from(values, (_, i) => half(halves[2 * i] as number, halves[2 * i + 1] as number)),
    );
    await ours.close();
  });

  it('of rows that are no whole blocks, of the wrong length or of one name are not written', async () => {
    const entry = { name: 'w', shape: [2, 33], type: 'Q8_0' as const, values: () => new Float32Array(66) };
    await expect(written(new Map(), [entry])).rejects.toThrow(/"w" of Q8_0 has rows of whole blocks of 32; got 33 columns/);
    await expect(written(new Map(), [{ ...entry, type: 'F32', values: () => new Float32Array(65) }])).rejects.toThrow(
      /66 values of "w"; got 65/,
    );
    const twice = { ...entry, type: 'F32' as const };
    await expect(written(new Map(), [twice, twice])).rejects.toThrow(/"w" twice/);
  });
});

describe('quantised blocks', () => {
  const block = fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 32, maxLength: 32 });
  const bytesOf = async (type: WritableType, values: readonly number[]): Promise<Uint8Array> => {
    const file = await written(new Map(), [{ name: 'x', shape: [32], type, values: () => Float32Array.from(values) }]);
    return readPlainGguf(file).tensors.get('x')?.bytes ?? new Uint8Array(0);
  };
  /** A half differs from what it was made of by 2^−11 of it, or 2^−25 where it is subnormal. */
  const scaleError = (scale: number): number => Math.max(scale * 2 ** -11, 2 ** -25);

  it('Q8_0: within half a step of max|x| / 127', async () => {
    await fc.assert(
      fc.asyncProperty(block, async (values) => {
        const step = Math.max(...values.map(Math.abs)) / 127;
        const read = plainNumbers('Q8_0', await bytesOf('Q8_0', values));
        const bound = step / 2 + 127 * scaleError(step) + 1e-5 * step;
        for (const [i, x] of values.entries()) expect(Math.abs(x - (read[i] as number))).toBeLessThanOrEqual(bound);
      }),
    );
  });

  it('Q4_0: within half a step of max|x| / 8; one step where the other sign’s extreme is cut', async () => {
    await fc.assert(
      fc.asyncProperty(block, async (values) => {
        const extreme = values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
        const step = Math.abs(extreme) / 8;
        const read = plainNumbers('Q4_0', await bytesOf('Q4_0', values));
        values.forEach((x, i) => {
          const isCut = x * extreme < 0 && Math.abs(x) > 7.5 * step;
          const bound = (isCut ? step : step / 2) + 8 * scaleError(step) + 1e-5 * step;
          expect(Math.abs(x - (read[i] as number))).toBeLessThanOrEqual(bound);
        });
      }),
    );
  });

  it('come back bit for bit when what they mean is written again', async () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 3 ? -127 : (i * 37) % 120) / 4);
    const once = await bytesOf('Q8_0', [...values]);
    expect(await bytesOf('Q8_0', plainNumbers('Q8_0', once))).toEqual(once);
    const zeros = await bytesOf('Q4_0', new Array<number>(32).fill(0));
    expect(plainNumbers('Q4_0', zeros).every((x) => x === 0)).toBe(true);
  });
});

describe('a damaged or hostile GGUF file', () => {
  const tensor = { name: 'w', sizes: [4], type: 0, bytes: floats(1, 2, 3, 4) };
  const good = plainGguf({ key: [8, 'value'] }, [tensor]);
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = good.slice();
    copy.set(bytes, at);
    return copy;
  };
  const huge = [255, 255, 255, 255, 255, 255, 255, 127];
  const cases: [string, Uint8Array, RegExp][] = [
    ['no bytes', new Uint8Array(0), /at least 24 bytes; got 0/],
    ['another magic', changed(0, 0x58), /begins with "GGUF"/],
    ['version 1', changed(4, 1), /version 2 or 3.*got version 1/],
    ['big-endian', changed(4, 0, 0, 0, 3), /got big-endian/],
    ['more tensors than bytes', changed(8, 255, 255, 255), /the number of tensors fits/],
    ['2^63 values', changed(16, ...huge), /is a size/],
    ['a key of 2^40 bytes', changed(24, 0, 0, 0, 0, 0, 1), /a metadata key lies within/],
    ['a value of type 13', changed(24 + 8 + 3, 13), /"key" has a type from 0 to 12; got 13/],
    ['bytes that are no UTF-8', changed(24 + 8 + 3 + 4 + 8, 0xff), /"key" is text in UTF-8/],
    ['five axes', plainGguf({}, [{ ...tensor, sizes: [4, 1, 1, 1, 1] }]), /"w" has at most 4 axes; got 5/],
    ['a tensor of type 99', plainGguf({}, [{ ...tensor, type: 99 }]), /"w" has a type that the format describes; got number 99/],
    ['a row of half a block', plainGguf({}, [{ ...tensor, sizes: [16], type: 8 }]), /whole blocks of 32; got 16/],
    ['a tensor beyond the file', plainGguf({}, [{ ...tensor, sizes: [4000] }]), /"w" lies within/],
    ['sizes that overflow', plainGguf({}, [{ ...tensor, sizes: [2 ** 40, 2 ** 40, 2 ** 40] }]), /"w" lies within/],
    ['a name twice', plainGguf({}, [tensor, tensor]), /stand once; got "w"/],
    ['an alignment of 0', plainGguf({ 'general.alignment': [4, 0] }, []), /"general\.alignment" is a multiple of 8/],
    ['an alignment of text', plainGguf({ 'general.alignment': [8, 'x'] }, []), /got string/],
    ['arrays without end', plainGguf({ a: [9, [9, [[9, [[9, [[9, [[9, []]]]]]]]]]] }, []), /at most 4 levels of arrays/],
  ];
  it.each(cases)('%s', async (_, bytes, message) => {
    const error = await parseGguf(bytes, 'm.gguf').catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'file', message: expect.stringMatching(message) as unknown });
    expect((error as Error).message).toMatch(/^m\.gguf: [^\n]*$/);
  });

  it('with tensors over each other', async () => {
    const both = plainGguf({}, [tensor, { ...tensor, name: 'v' }]);
    const at = Buffer.from(both).lastIndexOf('v') + 1 + 4 + 8 + 4;
    both.set([0], at);
    await expect(parseGguf(both, 'm.gguf')).rejects.toThrow(/"v" does not overlap another|"w" does not overlap another/);
  });

  it('cut at any byte', async () => {
    for (let length = 0; length < 24 + 8 + 3 + 4 + 8 + 5 + 60; length++) {
      await expect(parseGguf(good.slice(0, length)), `cut at ${length}`).rejects.toMatchObject({ code: 'file' });
    }
    const path = join(folder, 'cut.gguf');
    await writeFile(path, good.subarray(0, good.length - 17));
    await expect(readGguf(path)).rejects.toMatchObject({ code: 'file' });
  });
});
