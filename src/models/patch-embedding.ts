import { type Dim, fail } from '../core/index.js';
import { Module, normal, zeros } from '../nn/index.js';
import { formatSpec, linear, Parameter, parameterTensor, rearrange, type Tensor } from '../ops/index.js';
import type { PatchGrid } from '../position/index.js';

export interface PatchEmbeddingOptions {
  /** Colours of an image: 3, or 1 for grey. */
  readonly channels: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
  readonly width: number;
}

/**
 * Cuts images into patches that do not overlap, and maps each linearly (Dosovitskiy et al. 2020, section 3.1, their E):
 * the convolution of the published code, whose stride is its kernel's side, written as the matrix product that it is.
 */
export class PatchEmbedding extends Module {
  /** [C,channels,patch,patch], in the published layout. */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly options: PatchEmbeddingOptions;

  constructor(options: PatchEmbeddingOptions) {
    super();
    const { channels, patch, width } = options;
    this.weight = new Parameter([width, channels, patch, patch], normal(1 / Math.sqrt(channels * patch * patch)));
    this.bias = new Parameter([width], zeros);
    this.options = options;
  }

  /**
   * The grid of patches of images.
   * @param pixels [B,channels,height,width] float32
   * @throws shape, dtype: other arrays, or sides that patches do not divide
   */
  grid(pixels: Tensor): PatchGrid {
    const { channels, patch } = this.options;
    const [, colours, height, width] = pixels.shape;
    const fits = (side: Dim | undefined): side is number => typeof side === 'number' && side >= patch && side % patch === 0;
    if (pixels.rank !== 4 || colours !== channels || !fits(height) || !fits(width) || pixels.dtype !== 'float32') {
      throw fail(pixels.rank === 4 && pixels.dtype !== 'float32' ? 'dtype' : 'shape', {
        where: 'patches',
        path: this.path,
        rule: `images [B,${channels},height,width] float32, their sides multiples of ${patch}, the side of a patch`,
        got: formatSpec(pixels),
        fix: 'Preprocess the images as the model asks for',
      });
    }
    return { rows: height / patch, columns: width / patch };
  }

  /** @param pixels [B,channels,height,width] @returns [B,P,C], patches row by row */
  forward(pixels: Tensor): Tensor {
    const { channels, patch, width } = this.options;
    this.grid(pixels);
    const pieces = rearrange(pixels, 'b c (i y) (j x) -> b (i j) (c y x)', { y: patch, x: patch });
    const kernel = parameterTensor(this.weight).reshape([width, channels * patch * patch]);
    return linear(pieces, kernel, { transposed: true, bias: parameterTensor(this.bias) });
  }
}
