import { HostArray, SymbolicDim } from '../../core/index.js';
import type { Node, Tensor } from '../../ops/tensor.js';
import { type Pass, remake, rewrite } from './rewrite.js';

/** Constants up to this many elements are compared by value, larger ones by identity. */
const smallConstant = 64;

/** Equal ops over equal inputs are computed once. */
export const commonSubexpressions: Pass = (outputs) => {
  const ids = new Map<object, number>();
  const id = (x: object): number => {
    const known = ids.get(x);
    if (known !== undefined) return known;
    ids.set(x, ids.size);
    return ids.size - 1;
  };
  const attribute = (_: string, value: unknown): unknown => {
    if (value instanceof HostArray)
      return value.data.length <= smallConstant
        ? [value.dtype, value.shape, ...Array.from(value.data as ArrayLike<number>, numberKey)]
        : id(value);
    if (value instanceof SymbolicDim) return value.key;
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return numberKey(value);
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype)
      return id(value);
    return value;
  };
  const seen = new Map<string, readonly Tensor[]>();
  return rewrite(outputs, (node: Node, inputs) => {
    const key = `${node.op.name}(${inputs.map((x) => `${id(x.node)}.${x.index}`)})${isEmpty(node.attrs) ? '{}' : JSON.stringify(node.attrs, attribute)}`;
    const before = seen.get(key);
    if (before !== undefined) return before;
    const made = inputs.every((x, i) => x === node.inputs[i]) ? node.outputs : remake(node, inputs);
    seen.set(key, made);
    return made;
  });
};

/** Most nodes have no attributes, and writing JSON takes longer than all the rest here. */
function isEmpty(attrs: object): boolean {
  for (const _ in attrs) return false;
  return Object.getPrototypeOf(attrs) === Object.prototype;
}

/** JSON has no NaN, infinity or −0; as text they stay apart. */
function numberKey(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
