import { fail, globMatcher, nearest } from '../core/index.js';
import { type TapAttrs, tapOp } from '../ops/control/tap.js';
import { topological } from '../ops/graph.js';
import type { Tensor } from '../ops/index.js';

/** Every site that the outputs depend on, in the order of computation; a module that runs again has `…#1`, `…#2`. */
export function sitesOf(outputs: readonly Tensor[]): Map<string, Tensor> {
  const sites = new Map<string, Tensor>();
  for (const node of topological(outputs)) {
    if (node.op.name !== tapOp.name) continue;
    const { site } = node.attrs as unknown as TapAttrs;
    let name = site;
    for (let again = 1; sites.has(name); again++) name = `${site}#${again}`;
    sites.set(name, node.outputs[0] as Tensor);
  }
  return sites;
}

/** The sites that globs name. @throws name: a glob matches none; the nearest names are offered */
export function selectSites(sites: ReadonlyMap<string, Tensor>, globs: string): Map<string, Tensor> {
  const known = [...sites.keys()];
  const parts = globs.split(',').map((g) => g.trim());
  const idle = parts.find((glob) => !known.some(globMatcher(glob)));
  if (idle !== undefined) {
    throw fail('name', {
      where: 'sites',
      rule: 'globs that each match a site',
      got: JSON.stringify(idle),
      fix: known.length === 0 ? 'This program has no sites' : `Nearest: ${nearest(idle, known).join(', ')}`,
    });
  }
  const matches = globMatcher(globs);
  return new Map([...sites].filter(([name]) => matches(name)));
}
