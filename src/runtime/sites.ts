import { fail, globMatcher, nearest } from '../core/index.js';
import type { TapAttrs } from '../ops/control/tap.js';
import { topological } from '../ops/graph.js';
import type { Tensor } from '../ops/index.js';

/** Every site that the outputs depend on, in the order of computation. */
export function sitesOf(outputs: readonly Tensor[]): Map<string, Tensor> {
  const sites = new Map<string, Tensor>();
  for (const node of topological(outputs)) {
    if (node.op.name === 'tap') sites.set((node.attrs as unknown as TapAttrs).site, node.outputs[0] as Tensor);
  }
  return sites;
}

/** The sites that globs name. @throws name: none matches; the nearest names are offered */
export function selectSites(sites: ReadonlyMap<string, Tensor>, globs: string): Map<string, Tensor> {
  const matches = globMatcher(globs);
  const chosen = new Map([...sites].filter(([name]) => matches(name)));
  if (chosen.size === 0) {
    const known = [...sites.keys()];
    throw fail('name', {
      where: 'sites',
      rule: 'a glob that matches a site',
      got: JSON.stringify(globs),
      fix: known.length === 0 ? 'This program has no sites' : `Nearest: ${nearest(globs, known).join(', ')}`,
    });
  }
  return chosen;
}
