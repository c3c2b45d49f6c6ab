import { fail, type HeadlightError } from '../../core/index.js';
import { checkImageSize } from './image.js';

/** What a JPEG file's segments say of it (ITU-T T.81, annex B). */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for colour. */
  readonly components: number;
  /** Contents of the Exif segment, from its TIFF header on. */
  readonly exif: Uint8Array | undefined;
}

const [sos, eoi] = [0xda, 0xd9];
/** Frames that are read: baseline, extended and progressive, by Huffman codes. */
const frames = [0xc0, 0xc1, 0xc2];
/** The other frames there are: lossless, hierarchical, arithmetic. */
const otherFrames = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const exifMark = [0x45, 0x78, 0x69, 0x66, 0, 0];

function refused(where: string, got: string): HeadlightError {
  return fail('file', { where, rule: 'a whole JPEG file', got, fix: 'Get the file anew' });
}

/**
 * Reads the frame of a file: no pixel yet.
 * @throws file: a file that is cut off, whose segments overlap, or that has too few bytes for its pixels; unsupported:
 * a kind of JPEG that is not read
 */
export function jpegFrame(bytes: Uint8Array, where: string): JpegFrame {
  let frame: Frame | undefined;
  let scanBytes = 0;
  let exif: Uint8Array | undefined;
  for (let at = 2; ; ) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) throw refused(where, `one that is cut off or damaged at byte ${at} of ${bytes.length}`);
    if (marker === eoi) break;
    const length = 256 * (bytes[at + 2] ?? 0) + (bytes[at + 3] ?? 0);
    const content = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || content.length !== length - 2) throw refused(where, `one whose segment at byte ${at} ends beyond the file`);
    if (otherFrames.includes(marker)) {
      const rule = 'a JPEG file of the baseline, extended or progressive kind';
      throw fail('unsupported', { where, rule, got: 'a lossless, hierarchical or arithmetic one', fix: 'Save it as PNG' });
    }
    if (frames.includes(marker)) {
      if (frame !== undefined) throw refused(where, 'one of several frames');
      frame = frameOf(content, where, marker === 0xc2);
    }
    if (marker === 0xe1 && exifMark.every((byte, i) => content[i] === byte)) exif ??= content.subarray(exifMark.length);
    if (marker === sos && frame === undefined) throw refused(where, 'one whose pixels come before its size');
    at += 2 + length;
    if (marker === sos) {
      const end = afterScan(bytes, at);
      scanBytes += end - at;
      at = end;
    }
  }
  if (frame === undefined) throw refused(where, 'one without pixels');
  const { width, height, components, fewestBits } = frame;
  if (fewestBits > 8 * scanBytes) throw refused(where, `${scanBytes} bytes for ${width} × ${height} pixels, fewer than they take`);
  return { width, height, components, exif };
}

/** Where the next marker stands: in pixels' data, 255 is followed by 0, or by a restart's mark. */
function afterScan(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    const next = bytes[at + 1] ?? eoi;
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
    at += 2;
  }
}

interface Frame extends Omit<JpegFrame, 'exif'> {
  /** Bits that its pixels take at the least: a promise of many in few bytes is not believed. */
  readonly fewestBits: number;
}

function frameOf(content: Uint8Array, where: string, progressive: boolean): Frame {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, components = 0] = content;
  const [height, width] = [256 * h1 + h0, 256 * w1 + w0];
  if (precision !== 8 || (components !== 1 && components !== 3)) {
    const rule = 'a JPEG file of grey or three colours, of 8 bits each';
    throw fail('unsupported', { where, rule, got: `${components} of ${precision} bits`, fix: 'Save it as PNG' });
  }
  if (content.length !== 6 + 3 * components) throw refused(where, 'one whose frame is of another length than it says');
  checkImageSize(width, height, where);
  const ids = Array.from({ length: components }, (_, i) => content[6 + 3 * i] as number);
  const sampling = Array.from({ length: components }, (_, i) => content[7 + 3 * i] as number);
  const factors = sampling.map((byte) => [byte >> 4, byte & 15] as const);
  if (new Set(ids).size !== components || factors.flat().some((factor) => factor < 1 || factor > 4)) {
    throw refused(where, 'one whose colours are sampled as none can be');
  }
  const [across, down] = [Math.max(...factors.map(([h]) => h)), Math.max(...factors.map(([, v]) => v))];
  const perUnit = factors.reduce((sum, [h, v]) => sum + h * v, 0);
  const blocks = Math.ceil(width / 8 / across) * Math.ceil(height / 8 / down) * perUnit;
  // Each block of 8 × 8 samples takes a code for its mean, and unless it is progressive one for the rest.
  return { width, height, components, fewestBits: blocks * (progressive ? 1 : 2) };
}
