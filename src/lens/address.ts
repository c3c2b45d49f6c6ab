import { fail } from '../core/index.js';
import { selectSites } from '../runtime/index.js';
import { formatRange, type Range, resolveRange } from './range.js';

/** A part of an axis as it is written: all of it, one place, or places from one to before another; negative ones count from the end. */
export type AxisPart = { readonly kind: 'all' } | { readonly kind: 'one'; readonly at: number } | ({ readonly kind: 'range' } & Range);

/** Which sites, which part of each, and whether the value or the gradient by it. */
export interface Address {
  readonly glob: string;
  /** From the first axis on; what is not named is whole. */
  readonly parts: readonly AxisPart[];
  readonly gradient: boolean;
}

/** An address of one site. */
export interface SiteAddress {
  /** The name of what is there, as results have it: the site, the part as it was written, `:grad`. */
  readonly key: string;
  readonly site: string;
  readonly parts: readonly AxisPart[];
  readonly gradient: boolean;
}

/**
 * Addresses, separated by commas: a glob of sites, perhaps a slice by NumPy's rules, perhaps `:grad`. A number takes its axis
 * away, a range keeps it.
 * @throws value: what is no address
 * @example parseAddresses('blocks.*.attention.pattern[:, 3], blocks.0.mlp.post[0, -4:]:grad')
 */
export function parseAddresses(text: string): Address[] {
  const addresses = splitOutside(text).map(parseAddress);
  if (addresses.length === 0) throw refuse('at least one site', JSON.stringify(text));
  return addresses;
}

/** One address. @throws value: another number of them */
export function parseOneAddress(text: string): Address {
  const all = parseAddresses(text);
  if (all.length !== 1) throw refuse('one site or glob', `${all.length} of them`);
  return all[0] as Address;
}

/**
 * What addresses name, of the sites there are, in the order of computation.
 * @throws name: a glob matches none, with the nearest names; axis: more axes than a site has, or places outside one
 */
export function selectAddresses(addresses: readonly Address[], shapes: ReadonlyMap<string, readonly unknown[]>): SiteAddress[] {
  const chosen = new Map<string, SiteAddress>();
  for (const { glob, parts, gradient } of addresses) {
    for (const [site, shape] of selectSites(shapes, glob)) {
      checkParts(site, parts, shape);
      const key = `${site}${formatParts(parts)}${gradient ? ':grad' : ''}`;
      chosen.set(key, { key, site, parts, gradient });
    }
  }
  const order = new Map([...shapes.keys()].map((site, i) => [site, i]));
  return [...chosen.values()].sort((a, b) => (order.get(a.site) as number) - (order.get(b.site) as number));
}

/** The site that a result's name is of. */
export function siteOfKey(key: string): string {
  return key.replace(/(\[.*)?(:grad)?$/, '');
}

/** Holds parts to a site's axes, those whose size is known. @throws axis */
export function checkParts(site: string, parts: readonly AxisPart[], shape: readonly unknown[]): void {
  if (parts.length > shape.length) {
    throw fail('axis', { where: `${site}${formatParts(parts)}`, rule: `at most ${shape.length} axes`, got: String(parts.length) });
  }
  parts.forEach((part, axis) => {
    const size = shape[axis];
    if (typeof size === 'number') resolvePart(part, size, `${site}${formatParts(parts)}, axis ${axis}`);
  });
}

/** First place and the one after the last. @throws axis: places outside the axis */
export function resolvePart(part: AxisPart, size: number, where: string): readonly [from: number, to: number] {
  if (part.kind === 'all') return [0, size];
  if (part.kind === 'range') return resolveRange(part, size, where);
  const at = part.at < 0 ? part.at + size : part.at;
  if (at >= 0 && at < size) return [at, at + 1];
  throw fail('axis', { where, rule: `a place from ${-size} to ${size - 1}, the axis having ${size}`, got: String(part.at) });
}

/** `[:, 3]`; nothing where nothing was named. */
export function formatParts(parts: readonly AxisPart[]): string {
  if (parts.length === 0) return '';
  return `[${parts.map((p) => (p.kind === 'all' ? ':' : p.kind === 'one' ? String(p.at) : formatRange(p))).join(', ')}]`;
}

function parseAddress(text: string): Address {
  const found = /^([^[\]:]+)(?:\[([^[\]]*)\])?(:grad)?$/.exec(text);
  const [, glob, slice, gradient] = found ?? [];
  if (glob === undefined || glob.trim() !== glob)
    throw refuse('a site or glob, then perhaps [a slice], then perhaps :grad', JSON.stringify(text));
  const parts = slice === undefined ? [] : slice.split(',').map((part) => parsePart(part.trim(), text));
  return { glob, parts, gradient: gradient !== undefined };
}

function parsePart(part: string, address: string): AxisPart {
  if (part === ':') return { kind: 'all' };
  if (/^-?\d{1,9}$/.test(part)) return { kind: 'one', at: Number(part) };
  const range = /^(-?\d{1,9})?:(-?\d{1,9})?$/.exec(part);
  if (range === null) throw refuse('a slice of numbers and ranges, such as [0, 3, 5:9, -1]', `${JSON.stringify(part)} in ${address}`);
  const [, from, to] = range;
  return { kind: 'range', from: from === undefined ? 0 : Number(from), to: to === undefined ? undefined : Number(to) };
}

/** Splits at commas that stand in no brackets. */
function splitOutside(text: string): string[] {
  return text
    .split(/,(?![^[]*\])/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function refuse(rule: string, got: string): Error {
  return fail('value', { where: 'address', rule, got });
}
