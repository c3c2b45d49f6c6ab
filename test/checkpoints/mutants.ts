import { mix } from '#dist/core/index.js';

const extremes = [
  0n,
  1n,
  7n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 40n,
];

/** Reproducible whole numbers: draw k of mutant n, below a bound. */
function draw(n: number, k: number, below: number): number {
  return mix(mix(n + 1) + k) % below;
}

/**
 * A damaged copy of a file: one to three changes among bytes and words replaced, put in, taken out, a part copied over another,
 * an end cut off. Most changes fall on the first `header` bytes.
 */
export function mutant(good: Uint8Array, header: number, n: number): Uint8Array {
  let bytes = new Uint8Array(good);
  const changes = 1 + draw(n, 0, 3);
  for (let c = 1; c <= changes; c++) {
    const at = draw(n, 10 * c, draw(n, 10 * c + 1, 8) === 0 ? bytes.length + 1 : Math.min(header, bytes.length) + 1);
    const kind = draw(n, 10 * c + 2, 7);
    const count = 1 + draw(n, 10 * c + 3, 16);
    if (kind === 0 && at < bytes.length) bytes[at] = draw(n, 10 * c + 4, 256);
    else if (kind === 1 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << draw(n, 10 * c + 4, 8));
    else if (kind === 2)
      bytes = joined(
        bytes.subarray(0, at),
        Uint8Array.from({ length: count }, (_, i) => draw(n, 10 * c + i, 256)),
        bytes.subarray(at),
      );
    else if (kind === 3) bytes = joined(bytes.subarray(0, at), bytes.subarray(at + count));
    else if (kind === 4)
      bytes = word(bytes, at, draw(n, 10 * c + 5, 2) === 0 ? 4 : 8, extremes[draw(n, 10 * c + 4, extremes.length)] as bigint);
    else if (kind === 5) bytes.copyWithin(at, draw(n, 10 * c + 4, bytes.length), draw(n, 10 * c + 5, bytes.length + 1));
    else if (draw(n, 10 * c + 6, 4) === 0) bytes = bytes.slice(0, at);
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function word(bytes: Uint8Array, at: number, width: number, value: bigint): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  for (let i = 0; i < width && at + i < out.length; i++) out[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  return out;
}
