import { fail, HostArray, type Shape, sizeOf, stridesOf } from '../../core/index.js';
import { type AxisPart, checkParts, formatParts, parseOneAddress, resolvePart } from '../address.js';
import { alongAxis, offsets } from '../offsets.js';
import { type AxisName, axesOf } from '../roles.js';
import { placeWords, type Where } from './intervention.js';
import type { FoundSite } from './rewrite.js';

/** What is chosen of one axis: places in order, or, where its size is not known yet, what was written. */
export type AxisChoice =
  | { readonly places: readonly number[] }
  | { readonly open: AxisPart | readonly number[]; readonly counts: AxisName | undefined };

/** Which part of a site's value is meant. */
export interface Choice {
  readonly site: FoundSite;
  /** Per axis; undefined is all of it. */
  readonly axes: readonly (AxisChoice | undefined)[];
  /** Axes that the address took away, by a number. */
  readonly dropped: readonly boolean[];
}

/**
 * What an address and its words choose of a site.
 * @throws axis: places outside an axis, or more axes than there are; name: a word for what the site does not count; value: one axis told twice
 */
export function chosenPart(target: Where, site: FoundSite): Choice {
  const { parts } = parseOneAddress(target.at);
  const where = `${site.name}${formatParts(parts)}`;
  checkParts(site.name, parts, site.shape);
  const axes: (AxisChoice | undefined)[] = site.shape.map((size, axis) => {
    const part = parts[axis] ?? { kind: 'all' };
    if (part.kind === 'all') return undefined;
    const counts = axesOf(site.name, site.shape.length)?.[axis];
    if (typeof size !== 'number') return { open: part, counts };
    const [from, to] = resolvePart(part, size, `${where}, axis ${axis}`);
    return { places: Array.from({ length: to - from }, (_, i) => from + i) };
  });
  for (const [word, counts] of Object.entries(placeWords)) {
    const given = target[word as keyof typeof placeWords];
    if (given !== undefined) chooseByWord(axes, { word, counts, given, site, where });
  }
  return { site, axes, dropped: site.shape.map((_, axis) => parts[axis]?.kind === 'one') };
}

interface ByWord {
  readonly word: string;
  readonly counts: AxisName;
  readonly given: readonly number[];
  readonly site: FoundSite;
  readonly where: string;
}

function chooseByWord(axes: (AxisChoice | undefined)[], { word, counts, given, site, where }: ByWord): void {
  const names = axesOf(site.name, site.shape.length);
  const axis = names?.indexOf(counts) ?? -1;
  if (axis < 0) {
    const rule = `${word} of a site that has them`;
    throw fail('name', { where, rule, got: `a site of ${names?.join(', ') ?? 'unknown axes'}`, fix: 'Choose by a slice' });
  }
  if (axes[axis] !== undefined) throw fail('value', { where, rule: `${word} either in the slice or by word`, got: 'both' });
  const size = site.shape[axis];
  if (given.length === 0) throw fail('value', { where, rule: `at least one of ${word}`, got: 'none' });
  if (typeof size !== 'number') axes[axis] = { open: given, counts };
  else {
    const places = given.map((at) => resolvePart({ kind: 'one', at }, size, `${where}, ${word}`)[0]);
    axes[axis] = { places: [...new Set(places)].sort((a, b) => a - b) };
  }
}

/** Booleans along each axis of which part is chosen, of the site's rank, true where it is. */
export function axisMasks({ site, axes }: Choice): Map<number, HostArray> {
  const masks = new Map<number, HostArray>();
  axes.forEach((choice, axis) => {
    if (choice === undefined || !('places' in choice)) return;
    const chosen = new Uint8Array(site.shape[axis] as number);
    for (const place of choice.places) chosen[place] = 1;
    masks.set(axis, new HostArray(chosen, ofAxis(site.shape, axis, chosen.length), 'bool'));
  });
  return masks;
}

/** A shape of ones but for one axis. */
export function ofAxis(shape: Shape, axis: number, size: number): number[] {
  return shape.map((_, a) => (a === axis ? size : 1));
}

/**
 * An array for the chosen part, laid out as the whole site: of its rank, each axis whole or 1. What lies outside the choice is 0.
 * @throws shape: one that does not broadcast to the part
 */
export function laidOut(array: HostArray, choice: Choice, where: string): HostArray {
  const { site, axes, dropped } = choice;
  const counts = site.shape.map((size, axis) => {
    const chosen = axes[axis];
    return chosen !== undefined && 'places' in chosen ? chosen.places.length : typeof size === 'number' ? size : undefined;
  });
  const sizes = alignedSizes(array, counts, dropped);
  if (sizes === undefined) {
    const part = counts.flatMap((n, axis) => (dropped[axis] ? [] : [n ?? String(site.shape[axis])]));
    throw fail('shape', {
      where,
      path: site.name,
      rule: `a value that broadcasts to [${part}]`,
      got: `[${array.shape}]`,
      ...(counts.includes(undefined) && { fix: 'In a text that grows, one value serves every position' }),
    });
  }
  const shape = sizes.map((n, axis) => (n > 1 && axes[axis] !== undefined ? (site.shape[axis] as number) : n));
  if (array.dtype !== 'float32') throw fail('dtype', { where, path: site.name, rule: 'float32', got: array.dtype });
  if (shape.every((n, axis) => n === sizes[axis])) return new HostArray(array.data, shape, 'float32');
  return scattered(array.data as Float32Array, sizes, shape, axes);
}

/** The array's size along each axis of the site, 1 where it has none; undefined where it does not fit. */
function alignedSizes({ shape }: HostArray, counts: readonly (number | undefined)[], dropped: readonly boolean[]): number[] | undefined {
  const fits = (n: number, axis: number): boolean => n === 1 || n === counts[axis];
  const kept = [...counts.keys()].filter((axis) => !dropped[axis]);
  const own = kept.slice(Math.max(0, kept.length - shape.length));
  if (shape.length <= kept.length && shape.every((n, i) => fits(n, own[i] as number))) {
    return counts.map((_, axis) => (own.includes(axis) ? (shape[own.indexOf(axis)] as number) : 1));
  }
  return shape.length === counts.length && shape.every(fits) ? [...shape] : undefined;
}

function scattered(data: Float32Array, sizes: readonly number[], shape: readonly number[], axes: Choice['axes']): HostArray {
  const out = new Float32Array(sizeOf(shape));
  const strides = stridesOf(shape);
  const to = offsets(
    sizes.map((n, axis) => {
      const chosen = axes[axis];
      const stride = strides[axis] as number;
      return n > 1 && chosen !== undefined && 'places' in chosen ? chosen.places.map((p) => p * stride) : alongAxis(n, stride);
    }),
  );
  data.forEach((value, flat) => {
    out[to[flat] as number] = value;
  });
  return new HostArray(out, shape, 'float32');
}
