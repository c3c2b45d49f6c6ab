import { HostArray, normal, type RandomKey, randomKey } from '../../core/index.js';
import { orthogonal } from '../../nn/index.js';
import { checkWhole } from './sizes.js';

export interface RandomFeaturesOptions {
  /** How many, M. */
  readonly features: number;
  /** Width of what they look at, D. */
  readonly width: number;
  /** Whether each D of them stand at right angles; they do by default. */
  readonly orthogonal?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Which stream of random numbers: a module's path. */
  readonly stream?: string | undefined;
  /** Other numbers of the same seed. */
  readonly draw?: number | undefined;
}

/**
 * Gaussian directions ω ~ N(0, I) for random features, each row one. Orthogonal ones (Choromanski et al. 2021, section 2.4,
 * after Yu et al. 2016) are uniform rotations of each other, D at a time, with lengths of independent Gaussian rows: each by
 * itself is N(0, I) still, and their errors cancel in part.
 * @returns [M,D] float32
 * @throws value: features or a width that are not whole numbers from 1
 */
export function randomFeatures(options: RandomFeaturesOptions): HostArray {
  const { features, width, orthogonal: atRightAngles = true, seed = 0, stream = '', draw = 0 } = options;
  checkWhole('random features', { features, width });
  const key = (name: string): RandomKey => randomKey(seed, `${stream}:${name}`, draw);
  const values = new Float32Array(features * width);
  const lengths = key('lengths');
  if (!atRightAngles) {
    for (let i = 0; i < values.length; i++) values[i] = normal(lengths, i);
    return new HostArray(values, [features, width], 'float32');
  }
  for (let first = 0; first < features; first += width) {
    const rows = Math.min(width, features - first);
    const block = values.subarray(first * width, (first + rows) * width);
    orthogonal()(block, [rows, width], key(`rotation ${first}`));
    for (let r = 0; r < rows; r++) {
      let square = 0;
      for (let d = 0; d < width; d++) square += normal(lengths, (first + r) * width + d) ** 2;
      const row = block.subarray(r * width, (r + 1) * width);
      row.forEach((v, d) => {
        row[d] = Math.sqrt(square) * v;
      });
    }
  }
  return new HostArray(values, [features, width], 'float32');
}
