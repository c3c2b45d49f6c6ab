import { deflateSync, inflateSync } from 'node:zlib';
import { HeadlightError, mix } from '#dist/core/index.js';
import { crc32 } from '#dist/datasets/images/crc32.js';
import { decodeImage } from '#dist/datasets/index.js';
import { takeAllocations } from '../../checkpoints/allocations.js';
import { mutant } from '../../checkpoints/mutants.js';
import { imageBytes, imageFiles } from './fixtures.js';

export interface Outcome {
  tried: number;
  refused: number;
  /** Milliseconds of the slowest. */
  slowest: number;
  /** Most bytes asked for, per byte of its file. */
  mostBytes: number;
}

/** Reads damaged copies of every committed image, `count` of PNG and of JPEG. @throws Error: anything but pixels or one line */
export async function readDamagedImages(count: number): Promise<Map<'png' | 'jpg', Outcome>> {
  const outcomes = new Map<'png' | 'jpg', Outcome>();
  for (const ending of ['png', 'jpg'] as const) {
    const good = imageFiles.filter((name) => name.endsWith(ending)).map(imageBytes);
    const outcome: Outcome = { tried: 0, refused: 0, slowest: 0, mostBytes: 0 };
    for (let n = 0; n < count; n++) {
      const original = good[n % good.length] as Uint8Array;
      const bytes = ending === 'png' ? damagedPng(original, n) : mutant(original, original.length, n);
      const begun = performance.now();
      takeAllocations();
      try {
        const { width, height, data } = await decodeImage(bytes, 'mutant');
        if (data.length !== 3 * width * height) throw new Error(`mutant ${n} of ${ending}: ${data.length} numbers`);
      } catch (error) {
        if (!(error instanceof HeadlightError) || error.message.includes('\n'))
          throw new Error(`mutant ${n} of ${ending}`, { cause: error });
        outcome.refused++;
      }
      outcome.tried++;
      outcome.slowest = Math.max(outcome.slowest, performance.now() - begun);
      outcome.mostBytes = Math.max(outcome.mostBytes, takeAllocations().total / Math.max(100, bytes.length));
    }
    outcomes.set(ending, outcome);
  }
  return outcomes;
}

/** Damaged anywhere; or with its checksums made right again, so that what stands behind them is met; or in its pixels before compression. */
function damagedPng(good: Uint8Array, n: number): Uint8Array {
  const kind = mix(n) % 3;
  if (kind === 0) return mutant(good, 60, n);
  if (kind === 1) return rechecked(mutant(good, good.length, n));
  const raw = new Uint8Array(inflateSync(Buffer.concat(chunksOf(good).flatMap(({ type, content }) => (type === 'IDAT' ? [content] : [])))));
  const packed = deflateSync(mutant(raw, raw.length, n));
  const parts = chunksOf(good).filter(({ type }) => type !== 'IDAT');
  return pngOf([...parts.slice(0, -1), { type: 'IDAT', content: packed }, ...parts.slice(-1)]);
}

interface Chunk {
  readonly type: string;
  readonly content: Uint8Array;
}

function chunksOf(png: Uint8Array): Chunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= png.length; ) {
    const length = view.getUint32(at);
    chunks.push({ type: Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1'), content: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

export function pngOf(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.flatMap(({ type, content }) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(content.length);
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(new Uint8Array(body)));
    return [head, body, check];
  });
  return new Uint8Array(Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]));
}

/** A file whose chunks' checksums are right, as far as chunks can be made out. */
function rechecked(png: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(png);
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    view.setUint32(end - 4, crc32(bytes.subarray(at + 4, end - 4)));
    at = end;
  }
  return bytes;
}
