import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeIdx, openIdxImages } from '#dist/datasets/index.js';
import { shared } from '../../tokenizers/shared.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function idx(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((n, i) => {
    new DataView(bytes.buffer).setUint32(4 + 4 * i, n);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

test('bytes and their shape, plain and compressed', async () => {
  const plain = idx([2, 3], [1, 2, 3, 4, 5, 6]);
  for (const bytes of [plain, new Uint8Array(gzipSync(plain))]) {
    expect(await decodeIdx(bytes)).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  }
});

test.each<[string, Uint8Array, RegExp]>([
  ['empty', new Uint8Array(0), /an IDX file, which begins with two zeros/],
  ['no IDX file', Uint8Array.of(1, 2, 3, 4, 5), /got another file/],
  ['cut off', idx([2, 3], [1, 2, 3, 4, 5, 6]).subarray(0, 14), /18 bytes of an IDX file of shape \[2,3\]; got 14/],
  ['cut off in its header', idx([2, 3], []).subarray(0, 9), /got another file/],
  ['longer than it says', idx([2], [1, 2, 3]), /10 bytes of an IDX file of shape \[2\]; got 11/],
  ['another type', idx([1], [1, 0, 0, 0], 12), /an IDX file of bytes, type 8; got type 12/],
  ['absurd', idx([0xffffffff, 0xffffffff, 0xffffffff], []), /at most 1073741824 bytes/],
  [
    'a compressed file cut off',
    new Uint8Array(
      gzipSync(
        idx(
          [3000],
          new Uint8Array(3000).map((_, i) => i * i),
        ),
      ),
    ).subarray(0, 90),
    /damaged or cut off/,
  ],
  [
    'a compressed file of more than it says',
    new Uint8Array(gzipSync(idx([2], new Uint8Array(1_000_000)))),
    /10 bytes of an IDX file.*got more/,
  ],
])('%s: one clear error', async (_, bytes, message) => {
  const error = await decodeIdx(bytes, 'x.idx').catch((e: Error) => e);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toMatch(/^x\.idx: [^\n]*$/);
});

test('images and labels must be as many', async () => {
  const [images, labels] = [join(folder, 'images'), join(folder, 'labels')];
  await writeFile(images, idx([2, 1, 2], [1, 2, 3, 4]));
  await writeFile(labels, idx([2], [7, 9]));
  expect(await openIdxImages(images, labels)).toEqual({
    count: 2,
    height: 1,
    width: 2,
    pixels: Uint8Array.of(1, 2, 3, 4),
    labels: Uint8Array.of(7, 9),
  });
  await writeFile(labels, idx([3], [7, 9, 1]));
  await expect(openIdxImages(images, labels)).rejects.toThrow(/a label for each.*got \[3\] for images of shape \[2,1,2\]/);
});

const folderOfDigits = shared('data/mnist');
test.skipIf(folderOfDigits === undefined)('MNIST’s test set: 10,000 digits, as many of each as are known', async () => {
  const at = (name: string): string => join(folderOfDigits ?? '', name);
  const set = await openIdxImages(at('t10k-images-idx3-ubyte.gz'), at('t10k-labels-idx1-ubyte.gz'));
  expect([set.count, set.height, set.width]).toEqual([10_000, 28, 28]);
  const counts = new Array<number>(10).fill(0);
  for (const label of set.labels) (counts[label] as number) += 1;
  expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});
