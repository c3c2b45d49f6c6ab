import { checkImageSize, type RgbImage } from './image.js';

/** The middle of an image; black around it where it is smaller. An odd rest leaves one more below and to the right. */
export function centreCrop(image: RgbImage, { width, height }: { width: number; height: number }): RgbImage {
  checkImageSize(width, height, 'centreCrop');
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  const data = new Uint8Array(3 * width * height);
  const [from, to] = [Math.max(0, left), Math.min(image.width, left + width)];
  for (let y = Math.max(0, -top); y < height && y + top < image.height; y++) {
    const row = (y + top) * image.width;
    data.set(image.data.subarray(3 * (row + from), 3 * (row + to)), 3 * (y * width + from - left));
  }
  return { width, height, data };
}
