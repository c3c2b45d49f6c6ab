import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flattenTree, type Tree } from '#dist/core/index.js';

/** Leaves of their own kind, so that no container can be taken for one. */
class Leaf {
  constructor(readonly n: number) {}
}
const isLeaf = (x: unknown): x is Leaf => x instanceof Leaf;

const { tree } = fc.letrec<{ tree: Tree<Leaf> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.nat(99).map((n): Tree<Leaf> => new Leaf(n)),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

test('rebuilt from its own leaves, a tree is itself', () => {
  fc.assert(
    fc.property(tree, (t) => {
      const flat = flattenTree(t, isLeaf);
      expect(flat.rebuild(flat.leaves)).toEqual(t);
    }),
  );
});

test('paths lead to the leaves, in their order', () => {
  fc.assert(
    fc.property(tree, (t) => {
      const { leaves, paths } = flattenTree(t, isLeaf);
      expect(paths).toHaveLength(leaves.length);
      paths.forEach((path, i) => {
        const found = path === '' ? t : path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], t);
        expect(found).toBe(leaves[i]);
      });
    }),
  );
});

test('other leaves take the places, and the tree can be rebuilt again', () => {
  const flat = flattenTree<Leaf>({ x: [new Leaf(0), { ids: new Leaf(1) }], y: new Leaf(2) }, isLeaf);
  expect(flat.paths).toEqual(['x.0', 'x.1.ids', 'y']);
  expect(flat.rebuild(['a', 'b', 'c'])).toEqual({ x: ['a', { ids: 'b' }], y: 'c' });
  expect(flat.rebuild([1, 2, 3])).toEqual({ x: [1, { ids: 2 }], y: 3 });
});

test('what is neither a leaf nor a container is an error with its path and what it stands in', () => {
  const bad = (t: unknown, what?: string) => () => flattenTree(t as Tree<Leaf>, isLeaf, what);
  expect(bad({ x: [new Leaf(0), 3] })).toThrow('argument x.1: arrays, or nested objects and lists of arrays; got number.');
  expect(bad(undefined, 'result')).toThrow('result at the root: arrays, or nested objects and lists of arrays; got undefined.');
  expect(bad([null])).toThrow('argument 0: arrays, or nested objects and lists of arrays; got null.');
});
