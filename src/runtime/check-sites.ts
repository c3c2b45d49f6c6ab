import { fail, type HostArray, indexOfElement, isFloat } from '../core/index.js';

/**
 * Looks for NaN and infinity in captured sites.
 * @param values sites and what they held, in the order of computation: the first bad one is where it began
 * @throws numeric: names the site and the element
 */
export function checkSites(values: Iterable<readonly [site: string, value: HostArray]>): void {
  for (const [site, value] of values) {
    if (!isFloat(value.dtype) || value.dtype === 'float16') continue;
    const at = (value.data as Float32Array).findIndex((x) => !Number.isFinite(x));
    if (at < 0) continue;
    throw fail('numeric', {
      where: 'check',
      path: site,
      rule: 'every value is finite',
      got: `${value.data[at]} at [${indexOfElement(at, value.shape)}] of [${value.shape}]`,
      fix: 'The sites computed before it are finite: look at what feeds this one',
    });
  }
}
