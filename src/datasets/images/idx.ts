import { files } from '#files';
import { fail } from '../../core/index.js';
import { inflate, inflateExactly } from './inflate.js';

/** Bytes with a shape, as IDX files hold them. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The most bytes of an IDX file that are read. */
const mostBytes = 2 ** 30;

/**
 * The contents of an IDX file (LeCun, Cortes and Burges, "The MNIST database"): bytes, plain or compressed by gzip.
 * @throws file: a damaged file, or one of another length than it says; unsupported: another type of element than bytes
 */
export async function decodeIdx(bytes: Uint8Array, where = 'idx'): Promise<IdxArray> {
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const begin = zipped ? await firstBytes(bytes, 4 + 4 * 255, where) : bytes.subarray(0, 4 + 4 * 255);
  const [zero, also, type, rank = 0] = begin;
  const view = new DataView(begin.buffer, begin.byteOffset, begin.byteLength);
  const header = 4 + 4 * rank;
  if (zero !== 0 || also !== 0 || rank < 1 || begin.length < header) {
    throw fail('file', { where, rule: 'an IDX file, which begins with two zeros, a type and the number of its axes', got: 'another file' });
  }
  if (type !== 8) throw fail('unsupported', { where, rule: 'an IDX file of bytes, type 8', got: `type ${type}` });
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const length = header + shape.reduce((a, b) => a * b, 1);
  if (!(length <= mostBytes)) throw fail('file', { where, rule: `at most ${mostBytes} bytes`, got: `${length}, of shape [${shape}]` });
  const what = `an IDX file of shape [${shape}]`;
  const whole = zipped ? await inflateExactly([bytes], 'gzip', { length, where, what }) : bytes;
  if (whole.length !== length) {
    throw fail('file', { where, rule: `${length} bytes of ${what}`, got: String(whole.length), fix: 'Get the file anew' });
  }
  return { shape, data: whole.subarray(header) };
}

/** As many of a compressed file's first bytes as are asked for, if it has them. */
async function firstBytes(bytes: Uint8Array, count: number, where: string): Promise<Uint8Array> {
  const begin = new Uint8Array(count);
  let done = 0;
  try {
    for await (const block of inflate([bytes], 'gzip')) {
      const part = block.subarray(0, count - done);
      begin.set(part, done);
      done += part.length;
      if (done === count) break;
    }
  } catch (cause) {
    throw fail('file', { where, rule: 'a whole gzip file', got: 'one that is damaged or cut off', fix: 'Get the file anew', cause });
  }
  return begin.subarray(0, done);
}

/** Grey images of one size, and what each shows. */
export interface LabelledImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count,height,width] uint8. */
  readonly pixels: Uint8Array;
  /** [count] uint8. */
  readonly labels: Uint8Array;
}

/**
 * Images and labels of the two files that MNIST and its kin come in.
 * @throws file: damaged files, other shapes, or files of different lengths
 * @example await openIdxImages('t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz')
 */
export async function openIdxImages(imagesPath: string, labelsPath: string): Promise<LabelledImages> {
  const images = await decodeIdx(await files.readBytes(imagesPath), imagesPath);
  const labels = await decodeIdx(await files.readBytes(labelsPath), labelsPath);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count || count * height * width === 0) {
    throw fail('file', {
      where: labelsPath,
      rule: `a label for each of the images of ${imagesPath}, whose shape is [count,height,width]`,
      got: `[${labels.shape}] for images of shape [${images.shape}]`,
    });
  }
  return { count, height, width, pixels: images.data, labels: labels.data };
}
