import { fail, type HostArray } from '../../../core/index.js';
import { flatOf, indexOf, type Matrix, type Output, type Range } from '../../protocol/index.js';
import type { Looked } from './head-matrix.js';
import { clipped } from './tile.js';

/** Numbers in one answer: 16 MiB. */
const mostNumbers = 2 ** 22;

/** A site's values, or a part of them; of two runs, the difference where both are of one shape. */
export async function siteValues(
  { run, minus }: Looked,
  site: string,
  slice: readonly (Range | null)[] = [],
): Promise<Output<'read.site'>> {
  const own = await run.site(site);
  const values = sliced(own, slice);
  if (minus === undefined) return { shape: own.shape, values };
  const other = await minus.run.site(site);
  if (`${other.shape}` !== `${own.shape}`)
    throw fail('shape', { where: site, rule: 'two runs of one length', got: `[${own.shape}] and [${other.shape}]` });
  const theirs = sliced(other, slice);
  return { shape: own.shape, values: { shape: values.shape, data: values.data.map((x, i) => x - (theirs.data[i] as number)) } };
}

function sliced({ data, shape }: HostArray, slice: readonly (Range | null)[]): Matrix {
  const ranges = shape.map((size, axis) => clipped(slice[axis] ?? [0, size], size));
  const out = ranges.map(([from, to]) => to - from);
  const count = out.reduce((a, b) => a * b, 1);
  if (count > mostNumbers)
    throw fail('value', { where: 'slice', rule: `at most ${mostNumbers} numbers at once`, got: String(count), fix: 'Ask for a part' });
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const index = indexOf(i, out).map((at, axis) => at + (ranges[axis] as Range)[0]);
    values[i] = Number(data[flatOf(index, shape)]);
  }
  return { shape: out, data: values };
}
