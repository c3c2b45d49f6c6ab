import { fail, globMatcher } from '../core/index.js';
import { extendedOutputs, scanOp } from '../ops/control/scan.js';
import type { ScanAttrs } from '../ops/control/scan-body.js';
import { type TapAttrs, tapOp } from '../ops/control/tap.js';
import { topological } from '../ops/graph.js';
import type { Tensor } from '../ops/index.js';

/**
 * Every site that the outputs depend on, in the order of computation; a module that runs again has `…#1`, `…#2`.
 * What is tapped in a step of a loop is stacked along a first axis.
 */
export function sitesOf(outputs: readonly Tensor[]): Map<string, Tensor> {
  const nameOf = siteNames();
  return new Map(tapped(outputs).map(({ site, value }) => [nameOf(site), value]));
}

/** Names of sites as they are met: the second of a name is `…#1`. */
export function siteNames(): (site: string) => string {
  const seen = new Set<string>();
  return (site) => {
    let name = site;
    for (let again = 1; seen.has(name); again++) name = `${site}#${again}`;
    seen.add(name);
    return name;
  };
}

function tapped(outputs: readonly Tensor[]): { readonly site: string; readonly value: Tensor }[] {
  return topological(outputs).flatMap((node) => {
    if (node.op.name === tapOp.name) return [{ site: (node.attrs as unknown as TapAttrs).site, value: node.outputs[0] as Tensor }];
    if (node.op.name !== scanOp.name) return [];
    const inside = tapped((node.attrs as unknown as ScanAttrs).body.outputs);
    const stacked = extendedOutputs(
      node,
      inside.map(({ value }) => value),
    );
    return inside.map(({ site }, i) => ({ site, value: stacked[i] as Tensor }));
  });
}

/** The sites that globs name. @throws name: a glob matches none; the nearest names are offered */
export function selectSites<T>(sites: ReadonlyMap<string, T>, globs: string): Map<string, T> {
  const known = [...sites.keys()];
  const parts = globs.split(',').map((g) => g.trim());
  const idle = parts.find((glob) => !known.some(globMatcher(glob)));
  if (idle !== undefined) {
    throw fail('name', {
      where: 'sites',
      rule: 'globs that each match a site',
      got: JSON.stringify(idle),
      fix: known.length === 0 ? 'This program has no sites' : `Nearest: ${nearestSites(idle, known).join(', ')}`,
    });
  }
  const matches = globMatcher(globs);
  return new Map([...sites].filter(([name]) => matches(name)));
}

/** The names that a mistyped glob, or the end of a name, comes nearest to; those computed first come first. */
function nearestSites(glob: string, known: readonly string[], count = 3): string[] {
  return known
    .map((name) => ({ name, distance: Math.min(globDistance(glob, name), globDistance(`*.${glob}`, name)) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** The edit distance of Levenshtein 1966 in which a `*` of the glob stands for any characters: 0 where the glob matches. */
function globDistance(glob: string, name: string): number {
  let row = Array.from({ length: name.length + 1 }, (_, j) => j);
  for (const letter of glob) {
    const isStar = letter === '*';
    const next = isStar ? [row[0] as number] : [(row[0] as number) + 1];
    for (let j = 1; j <= name.length; j++) {
      const [above, before, diagonal] = [row[j] as number, next[j - 1] as number, row[j - 1] as number];
      next.push(isStar ? Math.min(above, before) : Math.min(diagonal + (letter === name[j - 1] ? 0 : 1), above + 1, before + 1));
    }
    row = next;
  }
  return row[name.length] as number;
}
