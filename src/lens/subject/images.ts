import { fail, type HostArray, symbol } from '../../core/index.js';
import type { ViT } from '../../models/index.js';
import type { Module } from '../../nn/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Subject } from './subject.js';

/** A model of images. */
export interface ImageModel extends Module {
  /** @param pixels [B,channels,height,width] float32 */
  forward(pixels: Tensor): Tensor;
}

/** A Vision Transformer: `pixels` [B,channels,height,width], as `preprocess` makes them. Its positions are the class token and patches. */
export function imageSubject(model: ViT): Subject<HostArray, ImageModel> {
  const { channels, image, patch, distilled, labels } = model.config;
  return {
    model,
    inputs: [{ name: 'pixels', spec: { shape: [symbol('B'), channels, image, image], dtype: 'float32' } }],
    feeds: (pixels) => ({ pixels }),
    trace: (m, { pixels }) => m.forward(pixels as Tensor),
    labels: ({ pixels }) => {
      const [, , height = 0, width = 0] = (pixels as HostArray).shape;
      const columns = width / patch;
      const patches = Array.from({ length: (height / patch) * columns }, (_, i) => `${Math.floor(i / columns)},${i % columns}`);
      return ['class', ...(distilled ? ['distillation'] : []), ...patches];
    },
    tokenId: (text) => {
      const at = labels.indexOf(text);
      if (at >= 0) return at;
      throw fail('name', { where: 'label', rule: "one of the model's labels", got: JSON.stringify(text), fix: 'Give its name or number' });
    },
  };
}
