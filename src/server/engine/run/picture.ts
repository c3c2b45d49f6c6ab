import type { HostArray } from '../../../core/index.js';
import type { Preprocessing } from '../../../datasets/index.js';
import type { RunInfo } from '../../protocol/index.js';

/** An image as the model sees it, resized and cropped, in colours again. @param pixels [1,channels,height,width] float32 */
export function pictureOf(pixels: HostArray, { rescale, normalise }: Preprocessing): NonNullable<RunInfo['picture']> {
  const [, channels = 1, height = 0, width = 0] = pixels.shape;
  const rgb = new Uint8ClampedArray(3 * height * width);
  for (let c = 0; c < 3; c++) {
    const channel = channels === 1 ? 0 : c;
    const mean = normalise?.mean[channel] ?? normalise?.mean[0] ?? 0;
    const deviation = normalise?.deviation[channel] ?? normalise?.deviation[0] ?? 1;
    for (let i = 0; i < height * width; i++)
      rgb[3 * i + c] = ((pixels.data[channel * height * width + i] as number) * deviation + mean) / rescale;
  }
  return { width, height, rgb: new Uint8Array(rgb.buffer) };
}
