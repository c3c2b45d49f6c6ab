import type { Dim } from '../core/index.js';
import { Module } from '../nn/index.js';
import { cast, type Tensor } from '../ops/index.js';
import type { LanguageModel } from './language-model.js';
import type { ViT } from './vit.js';

/** How numbers from 0 to 255 are brought to what a model reads: (x/255 − mean) / deviation. */
export interface PixelScale {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * A classifier of images as `train` knows models: a row of inputs is an image, its numbers the pixels from 0 to 255, row by
 * row and colours side by side, as image files have them; a row has one target, its label. Scaling happens in the graph.
 * What is trained is the classifier itself: afterwards it holds the trained values.
 * @example await train(new ImageRows(vit), { data: imageData(images), steps: 1000, batch: 64 })
 */
export class ImageRows extends Module implements LanguageModel {
  readonly classifier: ViT;
  readonly scale: PixelScale;

  /** @param scale halves by default, as ViT's published files have them: 0 to 255 becomes −1 to 1 */
  constructor(classifier: ViT, scale: PixelScale = { mean: 0.5, deviation: 0.5 }) {
    super();
    this.classifier = classifier;
    this.scale = scale;
  }

  /** Labels. */
  get vocabulary(): number {
    return this.classifier.config.labels.length;
  }

  /** Numbers in an image. */
  get context(): number {
    const { image, channels } = this.classifier.config;
    return image * image * channels;
  }

  /** @param rows [B,T] int32, 0 to 255 @returns logits [B,1,V] */
  forward(rows: Tensor): Tensor {
    const { image, channels } = this.classifier.config;
    const { mean, deviation } = this.scale;
    const batch = rows.shape[0] as Dim;
    const scaled = cast(rows, 'float32')
      .mul(1 / (255 * deviation))
      .sub(mean / deviation);
    const pixels = scaled.reshape([batch, image, image, channels]).transpose([0, 3, 1, 2]);
    return this.classifier.forward(pixels).reshape([batch, 1, this.vocabulary]);
  }
}
