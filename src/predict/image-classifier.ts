import { fail, type HostArray } from '../core/index.js';
import { type Preprocessing, preprocessBatch, type RgbImage } from '../datasets/index.js';
import type { ViT } from '../models/index.js';
import type { Tensor } from '../ops/index.js';
import { type Compiled, checkSites, compile, type ProgramOptions, sitesOf } from '../runtime/index.js';

/** How likely a class is for a model. */
export interface LabelScore {
  readonly label: string;
  /** The class's number. */
  readonly index: number;
  /** 0 to 1; all classes' sum to 1. */
  readonly probability: number;
}

export interface ImageClassifierOptions extends ProgramOptions {
  /** Looks at every site, and stops at the first NaN or infinity. */
  readonly check?: boolean;
}

/** Says what images show, one after the other: a result does not depend on the images beside it. */
export class ImageClassifier {
  readonly #sites: Compiled<[Tensor], Record<string, Tensor>>;

  /**
   * @param preprocessing how the model wants its images: `readPreprocessing(folder)`
   * @throws unsupported: a model without a classifier, or of other than 1 or 3 channels
   */
  constructor(
    readonly model: ViT,
    readonly preprocessing: Preprocessing,
    private readonly options: ImageClassifierOptions = {},
  ) {
    const { head, channels } = model.config;
    if (head !== 'classifier' && head !== 'teacher') {
      const fix = 'Take a checkpoint that was trained to classify';
      throw fail('unsupported', { where: 'image classifier', rule: 'a model with a classifier', got: `head ${head}`, fix });
    }
    if (channels !== 1 && channels !== 3) {
      throw fail('unsupported', { where: 'image classifier', rule: 'a model of grey or colour images', got: `${channels} channels` });
    }
    const { check = false, ...engine } = options;
    this.#sites = compile((pixels: Tensor) => {
      const logits = model.forward(pixels);
      return check ? Object.fromEntries(sitesOf([logits])) : { logits };
    }, engine);
  }

  /**
   * Every class, the likeliest first.
   * @throws numeric: NaN or infinity, under `check`; shape: images that preprocessing leaves in sides no patches divide
   */
  async classify(image: RgbImage): Promise<LabelScore[]> {
    const values = await this.#sites(this.#pixels(image));
    if (this.options.check) checkSites(Object.entries(values));
    const chances = softmax((values.logits as HostArray).data as Float32Array);
    return Array.from(chances, (probability, index) => ({ label: this.model.config.labels[index] as string, index, probability })).sort(
      (a, b) => b.probability - a.probability || a.index - b.index,
    );
  }

  /** The ONNX file of the program that this image would run through; the parameters are inputs of it. */
  onnx(image: RgbImage): Uint8Array {
    return this.#sites.onnx(this.#pixels(image));
  }

  /** Idempotent. */
  dispose(): Promise<void> {
    return this.#sites.dispose();
  }

  /** [1,channels,height,width] */
  #pixels(image: RgbImage): HostArray {
    return preprocessBatch(image, this.preprocessing, this.model.config.channels as 1 | 3);
  }
}

/** exp(x) / Σ exp(x), in float64, from the largest down. */
function softmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(logits, (x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}
