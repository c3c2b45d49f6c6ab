import { type Dim, divideDims, equalDims, fail, type HeadlightError, multiplyDims, sizeOf } from '../../core/index.js';
import { formatSpec } from '../spec.js';
import { Tensor } from '../tensor.js';

/** Names of the axes that one axis is made of: one name, several in parentheses, or none for `1`. */
type Group = readonly string[];

/**
 * Splits, joins and reorders axes by name: names in parentheses are one axis made of several (the first the slowest),
 * `1` is an axis of size 1. Every name stands once on each side.
 * @param sizes sizes of names, where they cannot be worked out: one name in each parentheses may be left open
 * @example rearrange(x, 'b t (h d) -> b h t d', { h: 4 }) // [B,T,C] → [B,4,T,C/4]
 * @throws value: the pattern does not parse, or names differ; shape: sizes do not fit
 */
export function rearrange(x: Tensor, pattern: string, sizes: Readonly<Record<string, Dim>> = {}): Tensor {
  const refuse = (rule: string, got = `'${pattern}' for x=${formatSpec(x)}`, code: 'value' | 'shape' = 'value'): HeadlightError =>
    fail(code, { where: 'rearrange', rule, got });
  const [before, after, ...more] = pattern.split('->');
  if (before === undefined || after === undefined || more.length > 0) throw refuse("a pattern 'names -> names'");
  const [from, to] = [parse(before, refuse), parse(after, refuse)];
  const [names, wanted] = [from.flat(), to.flat()];
  for (const name of names) if (!wanted.includes(name)) throw refuse(`the axis ${name} must stand on the right side too`);
  for (const name of wanted) if (!names.includes(name)) throw refuse(`the axis ${name} must stand on the left side too`);
  for (const name of Object.keys(sizes)) if (!names.includes(name)) throw refuse(`the size given for ${name} belongs to an axis`);
  if (from.length !== x.rank) throw refuse(`${from.length} axes, as on the left side`, undefined, 'shape');

  const sizeOfName = new Map<string, Dim>();
  from.forEach((group, a) => {
    for (const [name, size] of resolve(group, x.shape[a] as Dim, sizes, (rule) => refuse(rule, undefined, 'shape'))) {
      sizeOfName.set(name, size);
    }
  });
  const size = (name: string): Dim => sizeOfName.get(name) as Dim;
  return x
    .reshape(names.map(size))
    .transpose(wanted.map((name) => names.indexOf(name)))
    .reshape(to.map((group) => sizeOf(group.map(size))));
}

/** One side of a pattern as groups of names. */
function parse(side: string, refuse: (rule: string) => HeadlightError): Group[] {
  const groups: Group[] = [];
  let open: string[] | undefined;
  for (const token of side.match(/[()]|[^\s()]+/g) ?? []) {
    if (token === '(') {
      if (open !== undefined) throw refuse('parentheses do not nest');
      open = [];
    } else if (token === ')') {
      if (open === undefined) throw refuse('a closing parenthesis follows an opening one');
      groups.push(open);
      open = undefined;
    } else if (token === '1') {
      if (open === undefined) groups.push([]);
    } else if (/^[A-Za-z]\w*$/.test(token)) {
      if (groups.flat().includes(token) || open?.includes(token)) throw refuse(`the axis ${token} stands once on each side`);
      if (open === undefined) groups.push([token]);
      else open.push(token);
    } else {
      throw refuse(`names of letters and digits are expected, not '${token}'`);
    }
  }
  if (open !== undefined) throw refuse('every parenthesis is closed');
  return groups;
}

/** The size of each name in a group whose axis has size `whole`: at most one is worked out from the others. */
function resolve(
  group: Group,
  whole: Dim,
  sizes: Readonly<Record<string, Dim>>,
  refuse: (rule: string) => HeadlightError,
): (readonly [string, Dim])[] {
  const open = group.filter((name) => sizes[name] === undefined);
  const [first, second] = open;
  if (second !== undefined) throw refuse(`the size of ${first} or of ${second} must be given`);
  const known = group.reduce<Dim>((product, name) => multiplyDims(product, sizes[name] ?? 1), 1);
  const label = group.length === 1 ? String(group[0]) : `(${group.join(' ')})`;
  if (first === undefined && !equalDims(known, whole))
    throw refuse(`the axis ${group.length === 0 ? '1' : label} has size ${known}, not ${whole}`);
  const left = divideDims(whole, known);
  if (left === undefined) throw refuse(`the axis ${label} of size ${whole} must be divisible by ${known} to give ${first}`);
  return group.map((name) => [name, sizes[name] ?? left]);
}

declare module '../tensor.js' {
  interface Tensor {
    rearrange(pattern: string, sizes?: Readonly<Record<string, Dim>>): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  rearrange(this: Tensor, pattern: string, sizes?: Readonly<Record<string, Dim>>) {
    return rearrange(this, pattern, sizes);
  },
});
