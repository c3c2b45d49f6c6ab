import { fail } from '../../core/index.js';

/** How far a filter reaches, in samples, and its weight at a distance. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys's cubic convolution with a = −1/2 (Keys 1981). */
function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** Filters by the names of Pillow's `Resampling`; nearest is none of them. */
const filters = {
  lanczos: { reach: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { reach: 2, weight: cubic },
  box: { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { reach: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
} satisfies Readonly<Record<string, Filter>>;

export type ResampleName = keyof typeof filters | 'nearest';

/** Pillow's numbers, as `preprocessor_config.json` gives them. */
export const resampleNumbers: readonly ResampleName[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** The samples of which each new one is made: from `first` on, by weights that sum to 1. */
export interface ResampleRow {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Resampling along one axis from `from` to `to` samples, as Pillow and torchvision do it with antialiasing: the filter is
 * widened by as much as samples become fewer, and at the ends it is cut off and made to sum to 1 again.
 * @throws name: a filter that there is not
 */
export function resampleRows(from: number, to: number, name: ResampleName): ResampleRow[] {
  const ratio = from / to;
  if (name === 'nearest') {
    return Array.from({ length: to }, (_, i) => ({
      first: Math.min(from - 1, Math.floor((i + 0.5) * ratio)),
      weights: Float64Array.of(1),
    }));
  }
  if (!Object.hasOwn(filters, name)) {
    throw fail('name', { where: 'resample', rule: `one of ${resampleNumbers.join(', ')}`, got: JSON.stringify(name) });
  }
  const { reach, weight } = filters[name];
  const widened = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio;
    const first = Math.max(0, Math.trunc(centre - reach * widened + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach * widened + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, k) => weight((first + k - centre + 0.5) / widened));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: sum === 0 ? weights : weights.map((w) => w / sum) };
  });
}
