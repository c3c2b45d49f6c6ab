import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors, parseSafetensors, readSafetensors, writeSafetensors } from '#dist/checkpoints/index.js';
import { arrayOf, bytesPerElement, type DType, HostArray, host } from '#dist/core/index.js';
import { fileOf, joined } from './files.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const dtypes: DType[] = ['float32', 'float64', 'float16', 'int32', 'int64', 'uint32', 'uint8', 'int8', 'bool'];

/** An array of random bits (of 0 and 1 for bool). */
const anyArray: fc.Arbitrary<HostArray> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), fc.infiniteStream(fc.nat(255)))
  .map(([dtype, shape, stream]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = Uint8Array.from({ length: count * bytesPerElement(dtype) }, () => {
      const byte = stream.next().value as number;
      return dtype === 'bool' ? byte & 1 : byte;
    });
    return new HostArray(new arrayOf[dtype](bytes.buffer, 0, count), shape, dtype);
  });

const bytesOf = ({ data }: HostArray): number[] => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe('a safetensors file', () => {
  it('gives back what was written, bit for bit, with names and metadata of every kind', async () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', '0', '', 'constructor'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, anyArray)), fc.dictionary(fc.string(), fc.string()), async (pairs, metadata) => {
        const tensors = new Map(pairs);
        const file = parseSafetensors(joined(encodeSafetensors(tensors, metadata)));
        expect(new Set(file.names)).toEqual(new Set(tensors.keys()));
        expect(Object.entries(file.metadata)).toEqual(Object.entries(metadata));
        for (const [key, array] of tensors) {
          const read = await file.loadRaw(key);
          expect(read.dtype).toBe(array.dtype);
          expect(read.shape).toEqual(array.shape);
          expect(bytesOf(read)).toEqual(bytesOf(array));
        }
      }),
    );
  });

  it('begins its data, and each tensor, on a boundary of its element', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), anyArray), (tensors) => {
        const chunks = encodeSafetensors(tensors);
        expect((chunks[0] as Uint8Array).length % 8).toBe(0);
        const file = parseSafetensors(joined(chunks));
        for (const n of file.names) expect(file.info(n).offset % bytesPerElement((tensors[n] as HostArray).dtype)).toBe(0);
      }),
    );
  });

  it('does not depend on the order in which arrays are given, nor copies them', () => {
    const a = host([1, 2, 3]);
    const b = host([4], { dtype: 'int64' });
    const one = encodeSafetensors({ a, b });
    expect(joined(one)).toEqual(joined(encodeSafetensors({ b, a })));
    expect(one.slice(1).map((c) => c.buffer)).toEqual([b.data.buffer, a.data.buffer]);
    expect(one[2]?.buffer).toBe(a.data.buffer);
  });

  it('is written whole, and read in parts', async () => {
    const path = join(folder, 'new', 'model.safetensors');
    const tensors = {
      'a.weight': host([
        [1, 2],
        [3, 4],
      ]),
      'b.bias': host([true, false]),
      empty: host([], { shape: [0, 7] }),
    };
    await writeSafetensors(path, tensors, { format: 'pt' });
    expect(await readdir(join(folder, 'new'))).toEqual(['model.safetensors']);
    const file = await readSafetensors(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect(file.info('a.weight')).toMatchObject({ dtype: 'F32', shape: [2, 2], bytes: 16 });
    expect((await file.load('a.weight')).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect((await file.load('b.bias')).toArray()).toEqual([true, false]);
    expect((await file.load('empty')).shape).toEqual([0, 7]);
    await expect(file.load('a.weigth')).rejects.toThrow(/"a\.weigth".*Nearest: "a\.weight"/);
    await file.close();
    await file.close();
    await expect(file.load('a.weight')).rejects.toMatchObject({ code: 'disposed' });
    // The reader of memory sees the same.
    const same = parseSafetensors(new Uint8Array(await readFile(path)));
    expect(same.names).toEqual(file.names);
  });

  it('reads what another writer wrote, by name', async () => {
    const file = await readSafetensors(new URL('../fixtures/gpt2-tiny/model.safetensors', import.meta.url).pathname);
    const config = JSON.parse(await readFile(new URL('../fixtures/gpt2-tiny/config.json', import.meta.url), 'utf8')) as Record<
      string,
      number
    >;
    expect(file.info('transformer.wte.weight').shape).toEqual([config.vocab_size, config.n_embd]);
    const norm = await file.load('transformer.h.0.ln_1.weight');
    expect(norm.shape).toEqual([config.n_embd]);
    expect([...(norm.data as Float32Array)].every(Number.isFinite)).toBe(true);
    await file.close();
  });

  it('reaches tensors beyond 4 GB without reading what lies before', async () => {
    const path = join(folder, 'large.safetensors');
    const far = 5 * 2 ** 30;
    const header = {
      before: { dtype: 'U8', shape: [far], data_offsets: [0, far] },
      last: { dtype: 'I32', shape: [2], data_offsets: [far, far + 8] },
    };
    const start = fileOf(header);
    const handle = await open(path, 'w'); // sparse: it takes no room on the disk
    await handle.write(start);
    await handle.write(new Uint8Array(Int32Array.of(7, -8).buffer), 0, 8, start.length + far);
    await handle.close();
    const file = await readSafetensors(path);
    expect((await file.load('last')).toArray()).toEqual([7, -8]);
    await file.close();
    await rm(path);
  });

  it('of 2 GiB opens at once, and holds nothing', async () => {
    const path = join(folder, 'two.safetensors');
    const each = 2 ** 31 / 256;
    const shape = [each / 4];
    const header = Object.fromEntries(
      Array.from({ length: 256 }, (_, i) => [`layers.${i}.weight`, { dtype: 'F32', shape, data_offsets: [i * each, (i + 1) * each] }]),
    );
    const start = fileOf(header);
    const handle = await open(path, 'w'); // sparse again
    await handle.write(start);
    await handle.truncate(start.length + 2 ** 31);
    await handle.close();
    const before = process.memoryUsage().arrayBuffers;
    const times: number[] = [];
    for (let trial = 0; trial < 5; trial++) {
      const begin = performance.now();
      const file = await readSafetensors(path);
      times.push(performance.now() - begin);
      await file.close();
    }
    expect(Math.min(...times)).toBeLessThan(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await rm(path);
  });
});

describe('load', () => {
  const one = (dtype: string, data: Uint8Array, shape: number[]) =>
    parseSafetensors(fileOf({ x: { dtype, shape, data_offsets: [0, data.length] } }, data));

  it('widens F16 and BF16 to float32', async () => {
    const half = await one('F16', new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 1).buffer), [3]).load('x');
    expect([half.dtype, half.toArray()]).toEqual(['float32', [1, -2, 2 ** -24]]);
    const brain = one('BF16', new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer), [2]);
    for (const read of [await brain.load('x'), await brain.loadRaw('x')])
      expect([read.dtype, read.toArray()]).toEqual(['float32', [1, -3]]);
  });

  it('narrows I64 to int32 exactly where all values fit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt), fc.integer().map(BigInt)),
        ),
        async (values) => {
          const file = one('I64', new Uint8Array(BigInt64Array.from(values).buffer), [values.length]);
          if (values.every((v) => BigInt.asIntN(32, v) === v)) {
            const { data, dtype } = await file.load('x');
            expect(dtype).toBe('int32');
            expect(Array.from(data as Int32Array, BigInt)).toEqual(values);
          } else {
            const bad = values.findIndex((v) => BigInt.asIntN(32, v) !== v);
            await expect(file.load('x')).rejects.toMatchObject({ code: 'checkpoint', got: `${values[bad]} at element ${bad}` });
          }
        },
      ),
    );
    for (const edge of [2n ** 31n - 1n, -(2n ** 31n)]) {
      expect((await one('I64', new Uint8Array(BigInt64Array.of(edge).buffer), []).load('x')).item()).toBe(Number(edge));
    }
  });

  it('refuses dtypes it has no array for, but opens their file', async () => {
    const file = one('U16', new Uint8Array(2), [1]);
    expect(file.info('x').dtype).toBe('U16');
    await expect(file.load('x')).rejects.toMatchObject({ code: 'unsupported' });
    await expect(one('BOOL', Uint8Array.of(0, 2), [2]).load('x')).rejects.toMatchObject({ code: 'file' });
  });

  it('reads a file that was cut after it was opened as an error', async () => {
    const path = join(folder, 'cut.safetensors');
    const bytes = joined(encodeSafetensors({ x: host([1, 2, 3, 4]) }));
    await writeFile(path, bytes);
    const file = await readSafetensors(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 4));
    await expect(file.load('x')).rejects.toMatchObject({ code: 'file' });
    await file.close();
  });
});
