import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, parseSafetensors, readSafetensors } from '#dist/checkpoints/index.js';
import { HeadlightError, host, mix } from '#dist/core/index.js';
import { fileOf, joined } from './files.js';

/** Opens and loads everything; the error, if it is ours; anything else is thrown. */
async function attempt(bytes: Uint8Array): Promise<HeadlightError | undefined> {
  try {
    const file = parseSafetensors(bytes, 'm.safetensors');
    for (const name of file.names) await file.load(name);
    return undefined;
  } catch (error) {
    if (error instanceof HeadlightError) return error;
    throw error;
  }
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const eight = new Uint8Array(8);

describe('a damaged or hostile safetensors file', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['no bytes', new Uint8Array(0), /at least 8 bytes; got 0/],
    ['seven bytes', new Uint8Array(7), /at least 8 bytes; got 7/],
    ['an empty header', fileOf(''), /JSON/],
    ['a header beyond the file', fileOf('{}', eight, 50), /within the file; got a claim of 50/],
    ['a header of 2^63', fileOf('{}', eight, 2n ** 63n), /at most 100000000 bytes/],
    ['a header of 2^64 − 1', fileOf('{}', eight, 2n ** 64n - 1n), /at most 100000000 bytes/],
    ['no JSON', fileOf('{"a": '), /JSON/],
    ['no UTF-8', new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /UTF-8/],
    ['a list', fileOf('[]'), /JSON object; got a list/],
    ['null', fileOf('null'), /JSON object; got null/],
    ['metadata of numbers', fileOf({ __metadata__: { a: 1 } }), /"a" is a string; got number/],
    ['metadata that is a list', fileOf({ __metadata__: [] }), /__metadata__/],
    ['a tensor that is a number', fileOf({ w: 5 }), /"w".*got number/],
    ['an unknown dtype', fileOf({ w: entry('F5', [2], [0, 8]) }, eight), /"w".*"F5"/],
    ['a dtype that is a list', fileOf({ w: entry(['F32'], [2], [0, 8]) }, eight), /"w".*dtype/],
    ['a negative size', fileOf({ w: entry('F32', [-2], [0, 8]) }, eight), /"w".*whole numbers.*\[-2\]/],
    ['a fractional size', fileOf({ w: entry('F32', [1.5], [0, 8]) }, eight), /"w".*whole numbers/],
    ['a size beyond 2^53', fileOf('{"w":{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}}', eight), /"w".*whole numbers/],
    ['a product that overflows', fileOf({ w: entry('F32', [2 ** 52, 2 ** 52, 2 ** 52], [0, 8]) }, eight), /"w".*got 8 bytes/],
    ['a product that wraps 64 bits to the right size', fileOf({ w: entry('U8', [2 ** 32, 2 ** 32], [0, 0]) }), /"w".*got 0 bytes/],
    ['infinitely many', fileOf({ w: entry('F64', new Array(40).fill(2 ** 50), [0, 8]) }, eight), /"w"/],
    ['no shape', fileOf({ w: { dtype: 'F32', data_offsets: [0, 8] } }, eight), /"w".*shape.*none/],
    ['a deep shape', fileOf(`{"w":{"dtype":"F32","shape":${'['.repeat(20_000)}${']'.repeat(20_000)},"data_offsets":[0,8]}}`, eight), /"w"/],
    ['no offsets', fileOf({ w: { dtype: 'F32', shape: [2] } }, eight), /"w".*data_offsets/],
    ['three offsets', fileOf({ w: entry('F32', [2], [0, 8, 8]) }, eight), /"w".*two data_offsets/],
    ['offsets backwards', fileOf({ w: entry('F32', [2], [8, 0]) }, eight), /"w".*within/],
    ['offsets beyond the file', fileOf({ w: entry('F32', [4], [0, 16]) }, eight), /"w".*within the 8 bytes.*0 to 16/],
    ['offsets that are strings', fileOf({ w: entry('F32', [2], ['0', '8']) }, eight), /"w".*data_offsets/],
    ['too few bytes for the shape', fileOf({ w: entry('F32', [3], [0, 8]) }, eight), /"w".*12 bytes; got 8/],
    ['an overlap', fileOf({ a: entry('F32', [2], [0, 8]), b: entry('F32', [1], [4, 8]) }, eight), /"b".*overlap/],
    ['a gap', fileOf({ a: entry('U8', [2], [0, 2]), b: entry('U8', [2], [6, 8]) }, eight), /"b".*gap/],
    ['a gap before the first', fileOf({ a: entry('F32', [1], [4, 8]) }, eight), /"a".*gap/],
    ['bytes that belong to nobody', fileOf({ a: entry('F32', [1], [0, 4]) }, eight), /4 bytes that the header describes; got 8/],
    ['a name of several lines', fileOf({ [`a\nb${'x'.repeat(5000)}`]: 5 }), /"a\\nb/],
  ];

  it.each(cases)('%s', async (_, bytes, message) => {
    const error = await attempt(bytes);
    expect(error?.code).toBe('file');
    expect(error?.message).toMatch(message);
    expect(error?.message).toMatch(/^m\.safetensors: /);
    expect(error?.message).not.toContain('\n');
    expect(error?.message.length).toBeLessThan(400);
  });

  const tensors = {
    'blocks.0.weight': host([
      [1, 2],
      [3, 4],
    ]),
    'blocks.0.bias': host([5, 6], { dtype: 'int64' }),
    mask: host([true, false, true]),
    half: host([1, 2, 3], { dtype: 'float16' }),
  };
  const good = joined(encodeSafetensors(tensors, { format: 'pt' }));
  const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));

  it('cut at any byte is an error, in memory and on disk', async () => {
    expect(await attempt(good)).toBeUndefined();
    for (let length = 0; length < good.length; length++)
      expect((await attempt(good.slice(0, length)))?.code, `cut at ${length}`).toBe('file');
    const folder = await mkdtemp(join(tmpdir(), 'headlight-hostile-'));
    const path = join(folder, 'm.safetensors');
    for (const length of [0, 7, 8, 20, headerEnd - 1, headerEnd, good.length - 1]) {
      await writeFile(path, good.subarray(0, length));
      await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'file' });
    }
    await expect(readSafetensors(folder)).rejects.toMatchObject({ code: 'file' });
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'file' });
    await rm(folder, { recursive: true });
  });

  it('with bytes changed, put in or taken out is read, or is one of our errors', async () => {
    let errors = 0;
    for (let trial = 0; trial < 3000; trial++) {
      const random = (k: number, below: number): number => mix(trial * 101 + k) % below;
      const bytes = [...good];
      for (let k = 0; k <= random(0, 3); k++) {
        const at = random(3 * k + 1, headerEnd + 4);
        bytes.splice(at, random(3 * k + 2, 2), ...(random(3 * k + 2, 3) === 0 ? [] : [random(3 * k + 3, 256)]));
      }
      const error = await attempt(Uint8Array.from(bytes));
      if (error === undefined) continue;
      errors++;
      expect(['file', 'checkpoint', 'unsupported']).toContain(error.code);
      expect(error.message).not.toContain('\n');
    }
    expect(errors).toBeGreaterThan(2000);
  });

  it('with values of its header exchanged is read, or is one of our errors', async () => {
    const odd = [
      null,
      true,
      -1,
      0,
      1.5,
      4,
      8,
      2 ** 31,
      2 ** 53,
      1e308,
      '',
      'F32',
      'I64',
      [],
      [0],
      [2, 2],
      [0, 16],
      {},
      [[]],
      { dtype: 'F32' },
    ];
    const header = JSON.parse(new TextDecoder().decode(good.subarray(8, headerEnd))) as Record<string, unknown>;
    /** Every header with one value, at any depth, replaced by another. */
    function* changed(value: unknown): Generator<unknown> {
      yield* odd;
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        for (const other of changed(inner)) {
          yield Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other };
        }
      }
    }
    let tried = 0;
    for (const h of changed(header)) {
      const error = await attempt(fileOf(h, good.subarray(headerEnd)));
      if (error !== undefined) expect(['file', 'checkpoint', 'unsupported']).toContain(error.code);
      tried++;
    }
    expect(tried).toBeGreaterThan(500);
  });
});
