import { fail, type HostArray, type Shape } from '../core/index.js';
import { gradients } from '../grad/index.js';
import { type Tensor, zeros } from '../ops/index.js';
import { type AxisPart, parseAddresses, resolvePart, type SiteAddress, selectAddresses } from './address.js';
import type { FoundSite, SiteEdit } from './change/rewrite.js';

/** A site of a model: its name and the shape its value would have. */
export interface Site {
  readonly name: string;
  /** Sizes, as text: numbers, and names such as `B` and `T` where they depend on the input. */
  readonly shape: readonly string[];
}

/** Named values of one run. */
export type Captured = Readonly<Record<string, HostArray>>;

/** What a capture would give, told before it runs. */
export interface CaptureCost {
  readonly bytes: number;
  readonly sites: readonly { readonly name: string; readonly shape: readonly number[]; readonly bytes: number }[];
}

/** What is captured: addresses as text, or whether a site is wanted, of which the values are taken whole. */
export type Captures = string | ((site: Site) => boolean);

/** Addresses of a run whose sizes are known. @throws name, axis, value: what cannot be addressed, or a predicate that no site passes */
export function addressed(captures: Captures, sites: ReadonlyMap<string, FoundSite>): SiteAddress[] {
  if (typeof captures === 'string')
    return selectAddresses(parseAddresses(captures), new Map([...sites].map(([name, { shape }]) => [name, shape])));
  const wanted = [...sites.values()].filter(({ name, shape }) => captures({ name, shape: shape.map(String) }));
  if (wanted.length > 0) return wanted.map(({ name }) => ({ key: name, site: name, parts: [], gradient: false }));
  throw fail('name', { where: 'sites', rule: 'a predicate that a site passes', got: `none of ${sites.size}`, fix: 'See sites()' });
}

/** Bytes of what addresses name. */
export function captureCost(addresses: readonly SiteAddress[], sites: ReadonlyMap<string, FoundSite>): CaptureCost {
  const found = addresses.map(({ key, site, parts }) => {
    const shape = slicedShape((sites.get(site) as FoundSite).shape as readonly number[], parts);
    return { name: key, shape, bytes: 4 * shape.reduce((a, b) => a * b, 1) };
  });
  return { bytes: found.reduce((sum, { bytes }) => sum + bytes, 0), sites: found };
}

/** @throws value: more bytes than a limit */
export function checkLimit(where: string, { bytes, sites }: CaptureCost, limit: number | undefined): void {
  if (limit === undefined || bytes <= limit) return;
  const largest = sites.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  throw fail('value', {
    where,
    rule: `at most ${limit} bytes, the limit`,
    got: `${bytes} bytes, of them ${largest.bytes} of ${largest.name}`,
    fix: 'Ask for fewer sites or a slice of them, or raise the limit',
  });
}

/** A value's chosen part: a number takes its axis away. */
export function sliced(value: Tensor, parts: readonly AxisPart[]): Tensor {
  if (parts.every(({ kind }) => kind === 'all')) return value;
  const ranges = parts.map((part, axis) => (part.kind === 'all' ? null : resolvePart(part, value.shape[axis] as number, 'capture')));
  const kept = value.slice(ranges);
  return kept.reshape(kept.shape.filter((_, axis) => parts[axis]?.kind !== 'one'));
}

function slicedShape(shape: readonly number[], parts: readonly AxisPart[]): number[] {
  return shape.flatMap((size, axis) => {
    const part = parts[axis] ?? { kind: 'all' };
    const [from, to] = resolvePart(part, size, 'capture');
    return part.kind === 'one' ? [] : [to - from];
  });
}

/** Zeros that are added to values of loops' steps, so that there is something to differentiate by. */
export class Probes {
  readonly #zeros = new Map<string, Tensor>();

  constructor(private readonly wanted: ReadonlySet<string>) {}

  edits({ name, shape, stacked }: FoundSite): readonly SiteEdit[] {
    if (!stacked || !this.wanted.has(name)) return [];
    const probe = this.#zeros.get(name) ?? zeros(shape as Shape);
    this.#zeros.set(name, probe);
    return [{ name: 'gradient', arrays: [probe], apply: (value, [zero]) => value.add(zero as Tensor) }];
  }

  /** Gradients of a scalar by sites. */
  gradients(scalar: Tensor, sites: ReadonlyMap<string, { readonly value: Tensor }>): Map<string, Tensor> {
    const names = [...this.wanted];
    const found = gradients(
      scalar,
      names.map((name) => this.#zeros.get(name) ?? (sites.get(name)?.value as Tensor)),
    );
    return new Map(names.map((name, i) => [name, found[i] as Tensor]));
  }
}
