import { type HostArray, symbol } from '../core/index.js';
import type { ViT } from '../models/index.js';
import { encodeModel } from '../onnx/index.js';
import { input } from '../ops/index.js';
import { checkSites, type LoweredProgram, lowerProgram, Program, type ProgramOptions, selectSites, sitesOf } from '../runtime/index.js';
import type { Captured, Site } from './capture.js';

export interface ImageLensOptions extends ProgramOptions {
  /** Looks at every site of the model, also those not asked for, and stops at the first NaN or infinity. */
  readonly check?: boolean;
}

/** A view into a model that takes images: what it computes on the way. */
export class ImageLens {
  constructor(
    readonly model: ViT,
    private readonly options: ImageLensOptions = {},
  ) {}

  /** Every site, in the order of computation, for B images of the model's own size. */
  sites(): Site[] {
    const { channels, image } = this.model.config;
    const pixels = input('pixels', [symbol('B'), channels, image, image], 'float32');
    return [...sitesOf([this.model.forward(pixels)])].map(([name, t]) => ({ name, shape: t.shape.map(String) }));
  }

  /**
   * Runs once and returns the values of the sites that the globs name.
   * @param pixels [B,channels,height,width] float32: images as `preprocess` makes them
   * @throws name: no site matches; shape: images that patches do not divide; numeric: NaN or infinity, under `check`
   */
  async capture(pixels: HostArray, globs: string): Promise<Captured> {
    const { lowered, chosen } = this.#lower(pixels, globs);
    const program = await Program.create(lowered, this.options);
    try {
      const values = await program.run({ pixels });
      if (this.options.check) checkSites(Object.entries(values));
      return Object.fromEntries(chosen.map((name) => [name, values[name] as HostArray]));
    } finally {
      await program.dispose();
    }
  }

  /** The ONNX file of the program that `capture` would run on these arguments; the parameters are inputs of it. */
  onnx(pixels: HostArray, globs: string): Uint8Array {
    return encodeModel(this.#lower(pixels, globs).lowered.model);
  }

  /** The program, and the names of those of its outputs that were asked for. */
  #lower({ shape }: HostArray, globs: string): { readonly lowered: LoweredProgram; readonly chosen: readonly string[] } {
    const pixels = input('pixels', shape, 'float32');
    const sites = sitesOf([this.model.forward(pixels)]);
    const chosen = selectSites(sites, globs);
    const outputs = Object.fromEntries(this.options.check ? sites : chosen);
    return { lowered: lowerProgram(outputs, [{ name: 'pixels', spec: pixels }], this.options), chosen: [...chosen.keys()] };
  }
}

/** A lens on a model that takes images. @example await imageLens(vit).capture(pixels, 'blocks.*.attention.pattern') */
export function imageLens(model: ViT, options: ImageLensOptions = {}): ImageLens {
  return new ImageLens(model, options);
}
