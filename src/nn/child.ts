import { currentPath, withPath } from '../ops/index.js';
import { join } from './module.js';

/**
 * Builds a child of a module under the name of its field, so that a child which refuses its options says where it stands.
 * By itself it could not: a module learns its name when it is assigned, after its constructor has run.
 * @param field what the child is assigned to
 * @example this.attention = child('attention', () => new SelfAttention({ width, heads }));
 */
export function child<T>(field: string, build: () => T): T {
  return withPath(join(currentPath(), field), build);
}

/**
 * The same for a list of children.
 * @example this.blocks = children('blocks', layers, () => new Block(config));
 */
export function children<T>(field: string, count: number, build: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => child(`${field}.${i}`, () => build(i)));
}
