import { type Shape, symbol } from '../../../core/index.js';
import { decodeImage, preprocessBatch } from '../../../datasets/index.js';
import { input } from '../../../ops/index.js';
import type { OpenedImage } from '../opened.js';
import { pictureOf } from './picture.js';
import { refusePrompt } from './refuse-prompt.js';
import type { Subject } from './subject.js';

/** A model that takes images: its tokens are patches, after one or two of no place. */
export function imageSubject({ model, preprocessing }: OpenedImage): Subject {
  const { image, patch, channels, width, labels, distilled } = model.config;
  const special = distilled ? ['class', 'distillation'] : ['class'];
  return {
    kind: 'image',
    model,
    width,
    context: special.length + (image / patch) ** 2,
    vocabulary: labels.length,
    labels,
    isPerToken: false,
    async prepare(prompt) {
      if (prompt.kind !== 'image') return refusePrompt(prompt.kind, 'an image');
      const pixels = preprocessBatch(await decodeImage(prompt.bytes), preprocessing, channels === 1 ? 1 : 3);
      const [, , height = 0, breadth = 0] = pixels.shape;
      const grid = { rows: Math.floor(height / patch), columns: Math.floor(breadth / patch), special: special.length };
      const patches = Array.from({ length: grid.rows * grid.columns }, (_, i) => `${Math.floor(i / grid.columns)},${i % grid.columns}`);
      const tokens = [...special, ...patches].map((text, id) => ({ id, text, start: 0, end: 0 }));
      return { tokens, grid, picture: pictureOf(pixels, preprocessing), leftOut: 0, feeds: { pixels } };
    },
    trace(shapes = { pixels: [symbol('B'), channels, image, image] }) {
      const pixels = input('pixels', shapes.pixels as Shape, 'float32');
      return { inputs: [{ name: 'pixels', spec: pixels }], result: model.forward(pixels) };
    },
    textOf: (id) => labels[id] ?? String(id),
  };
}
