import { fail } from '../../core/index.js';

/** An image in memory: rows from the top, three colours side by side, 0 to 255. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** [height,width,3] uint8, row-major. */
  readonly data: Uint8Array;
}

/** The most pixels that are read: 8192 × 8192, above what any classifier has use for. */
const mostPixels = 2 ** 26;

/** Looks at what a file says of its size, before anything is allocated for it. @throws file: no pixels, or too many */
export function checkImageSize(width: number, height: number, where: string): void {
  if (width >= 1 && height >= 1 && width * height <= mostPixels) return;
  throw fail('file', {
    where,
    rule: `an image of 1 to ${mostPixels.toLocaleString('en')} pixels`,
    got: `${width} × ${height}`,
    fix: 'Make it smaller first',
  });
}
