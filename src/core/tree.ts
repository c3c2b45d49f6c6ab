import { fail } from './errors.js';

/** Nested plain objects and arrays with leaves of one kind: how arguments and results of programs are shaped. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [key: string]: Tree<Leaf> };

/** Leaves in a fixed order with the path of each (`x.0.ids`), and a way to build the same tree of other leaves. */
export interface FlatTree<Leaf> {
  readonly leaves: Leaf[];
  readonly paths: string[];
  rebuild<Other>(leaves: readonly Other[]): Tree<Other>;
}

/**
 * @param what what the tree is to its giver, for errors: `argument`, `result`
 * @throws value: something is neither a leaf nor a list or an object
 */
export function flattenTree<Leaf>(tree: Tree<Leaf>, isLeaf: (x: unknown) => x is Leaf, what = 'argument'): FlatTree<Leaf> {
  const leaves: Leaf[] = [];
  const paths: string[] = [];
  const walk = (t: Tree<Leaf>, path: string): ((next: () => unknown) => unknown) => {
    if (isLeaf(t)) {
      leaves.push(t);
      paths.push(path);
      return (next) => next();
    }
    if (Array.isArray(t)) {
      const parts = t.map((x: Tree<Leaf>, i) => walk(x, path === '' ? String(i) : `${path}.${i}`));
      return (next) => parts.map((p) => p(next));
    }
    if (t === null || typeof t !== 'object') {
      throw fail('value', {
        where: `${what} ${path || 'at the root'}`,
        rule: 'arrays, or nested objects and lists of arrays',
        got: t === null ? 'null' : typeof t,
      });
    }
    const entries = Object.entries(t as Record<string, Tree<Leaf>>).map(
      ([k, x]) => [k, walk(x, path === '' ? k : `${path}.${k}`)] as const,
    );
    return (next) => Object.fromEntries(entries.map(([k, p]) => [k, p(next)]));
  };
  const builder = walk(tree, '');
  return {
    leaves,
    paths,
    rebuild: <Other>(values: readonly Other[]) => {
      let i = 0;
      return builder(() => values[i++]) as Tree<Other>;
    },
  };
}
