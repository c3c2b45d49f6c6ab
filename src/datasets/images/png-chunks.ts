import { fail, type HeadlightError } from '../../core/index.js';
import { crc32 } from './crc32.js';
import { checkImageSize } from './image.js';

export const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A PNG's header (PNG specification, 11.2.2), and the chunks that its pixels are made of. */
export interface PngChunks {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly depth: number;
  /** 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly colorType: number;
  readonly interlaced: boolean;
  /** Contents of the data chunks: one stream of zlib's. */
  readonly data: readonly Uint8Array[];
  /** [colours,3], where colours have numbers. */
  readonly palette: Uint8Array | undefined;
}

/** Samples per pixel and the depths there are, by colour type. */
const kinds: Readonly<Record<number, { readonly samples: number; readonly depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** Chunks that decide pixels' colours. Transparency does not; it is passed over, as are others, which may hold anything. */
const essential = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

export function samplesPerPixel(colorType: number): number {
  return kinds[colorType]?.samples ?? 0;
}

/** What a file must be like, for errors. */
function damaged(where: string, got: string): HeadlightError {
  return fail('file', { where, rule: 'a whole PNG file', got, fix: 'Get the file anew' });
}

/** Reads the frame of a file: no pixel yet. @throws file: a file that is cut off, or whose header is none */
export function pngChunks(bytes: Uint8Array, where: string): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let header: DataView | undefined;
  let palette: Uint8Array | undefined;
  for (let at = pngSignature.length; ; ) {
    if (at + 12 > bytes.length) throw damaged(where, `one that is cut off after ${bytes.length} bytes`);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) throw damaged(where, `one that is cut off: chunk ${JSON.stringify(type)} of ${length} bytes at ${at}`);
    const content = bytes.subarray(at + 8, end - 4);
    if (header === undefined) {
      if (type !== 'IHDR' || length !== 13) throw damaged(where, 'one without a header');
      header = new DataView(content.buffer, content.byteOffset, 13);
    } else if (type === 'IHDR') throw damaged(where, 'one with two headers');
    if (essential.includes(type) && crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw damaged(where, `one whose chunk ${type} at ${at} is damaged`);
    }
    if (type === 'IDAT') data.push(content);
    if (type === 'PLTE') palette = content;
    at = end;
    if (type === 'IEND') break;
  }
  const [width, height] = [header.getUint32(0), header.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => header.getUint8(i)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (kinds[colorType]?.depths.includes(depth) !== true || compression !== 0 || filter !== 0 || interlace > 1) {
    throw damaged(where, `colour type ${colorType} of ${depth} bits, methods ${compression}, ${filter}, ${interlace}, which there are not`);
  }
  checkImageSize(width, height, where);
  return { width, height, depth, colorType, interlaced: interlace === 1, data, palette };
}
