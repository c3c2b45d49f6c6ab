import { fail, HostArray, stridesOf } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { parseAddresses, type SiteAddress, selectAddresses } from '../address.js';
import { type Axis, LabelledArray } from '../labelled.js';
import type { Lens } from '../lens.js';
import type { Metric } from '../metric/metric.js';
import { alongAxis, offsets } from '../offsets.js';
import { type AxisName, axesOf } from '../roles.js';
import { rowCount } from '../rows.js';
import type { Feeds } from '../subject/subject.js';
import { type Alignment, align } from './align.js';

/** One site of two runs, at the places that belong together. */
export interface ComparedSite {
  readonly a: LabelledArray;
  readonly b: LabelledArray;
  /** a − b */
  readonly difference: LabelledArray;
}

export interface Comparison {
  /** Of the texts; of an encoder–decoder, of the targets. */
  readonly alignment: Alignment;
  readonly sites: Readonly<Record<string, ComparedSite>>;
}

/** One side of a comparison. */
export interface Side<P, M extends Module> {
  readonly view: Lens<P, M>;
  readonly prompt: P;
}

export interface CompareOptions {
  /** What `:grad` is the gradient of. */
  readonly metric?: Metric;
}

/**
 * Two runs side by side: two prompts under one model, aligned by their tokens, or one prompt under two checkpoints, or a view
 * and what it becomes when it is changed.
 * @param addresses sites of both; slices leave positions whole, as these are aligned
 * @throws value: prompts of several rows, or without a common token; shape: sites of two sizes; name, axis: as `capture`
 * @example const { sites } = await compare({ view, prompt: 'Mary ran' }, { view, prompt: 'John ran' }, 'blocks.*.residual.post');
 */
export async function compare<P, M extends Module, N extends Module>(
  a: Side<P, M>,
  b: Side<P, N>,
  addresses: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  const [feedsA, feedsB] = [a.view.subject.feeds(a.prompt), b.view.subject.feeds(b.prompt)];
  for (const feeds of [feedsA, feedsB]) {
    if (rowCount(feeds) !== 1) throw fail('value', { where: 'compare', rule: 'prompts of one row', got: `${rowCount(feeds)} rows` });
  }
  const [valuesA, valuesB] = [await a.view.capture(a.prompt, addresses, options), await b.view.capture(b.prompt, addresses, options)];
  const sites = [...a.view.sitesFor(feedsA)].map(([name, { shape }]) => [name, shape as readonly number[]] as const);
  const shapes = new Map(sites);
  const between = (site: string, axis: 'position' | 'key'): Aligned =>
    aligned(a.view.subject.labels(feedsA, site, axis), b.view.subject.labels(feedsB, site, axis));
  const compared = selectAddresses(parseAddresses(addresses), shapes).map((address) => {
    const axes = keptAxes(address, shapes.get(address.site)?.length as number);
    const found = comparedSite(address, axes, [valuesA[address.key], valuesB[address.key]] as [HostArray, HostArray], between);
    return [address.key, found] as const;
  });
  return { alignment: textAlignment(a, b, feedsA, feedsB), sites: Object.fromEntries(compared) };
}

interface Aligned extends Alignment {
  readonly labels: readonly string[];
}

function aligned(a: readonly string[], b: readonly string[]): Aligned {
  const found = align(a, b);
  if (found.pairs.length === 0) {
    throw fail('value', { where: 'compare', rule: 'prompts with a token in common', got: `${a.length} and ${b.length} tokens without` });
  }
  return { ...found, labels: found.pairs.map(([i, j]) => `${i === j ? i : `${i}/${j}`} ${a[i]}`) };
}

function textAlignment<P, M extends Module, N extends Module>(a: Side<P, M>, b: Side<P, N>, feedsA: Feeds, feedsB: Feeds): Alignment {
  const { pairs, onlyA, onlyB } = aligned(
    a.view.subject.labels(feedsA, 'logits', 'position'),
    b.view.subject.labels(feedsB, 'logits', 'position'),
  );
  return { pairs, onlyA, onlyB };
}

/** What the axes of a captured value count. @throws value: a slice of positions */
function keptAxes({ site, parts, key }: SiteAddress, rank: number): readonly (AxisName | undefined)[] {
  const axes = axesOf(site, rank) ?? Array.from({ length: rank }, () => undefined);
  return axes.flatMap((name, axis) => {
    const kind = parts[axis]?.kind ?? 'all';
    if (kind !== 'all' && (name === 'position' || name === 'key')) {
      throw fail('value', { where: 'compare', rule: 'whole positions, as these are aligned', got: key });
    }
    return kind === 'one' ? [] : [name];
  });
}

function comparedSite(
  { site, key }: SiteAddress,
  names: readonly (AxisName | undefined)[],
  [a, b]: readonly [HostArray, HostArray],
  between: (site: string, axis: 'position' | 'key') => Aligned,
): ComparedSite {
  const known = names.map((name) => (name === 'position' || name === 'key' ? between(site, name) : undefined));
  const axes = names.map((name, axis): Axis => {
    const size = a.shape[axis] as number;
    if (known[axis] === undefined && b.shape[axis] !== size) {
      throw fail('shape', { where: 'compare', path: site, rule: `sites of one size, [${a.shape}]`, got: `[${b.shape}]` });
    }
    return { name: name ?? `axis ${axis}`, labels: known[axis]?.labels ?? Array.from({ length: size }, (_, i) => i) };
  });
  if (a.shape.length !== b.shape.length)
    throw fail('shape', { where: 'compare', path: key, rule: `a value [${a.shape}]`, got: `[${b.shape}]` });
  const chosen = (value: HostArray, side: 0 | 1): HostArray =>
    gathered(
      value,
      known.map((k) => k?.pairs.map((pair) => pair[side])),
    );
  const [left, right] = [chosen(a, 0), chosen(b, 1)];
  const difference = (left.data as Float32Array).map((x, i) => x - Number(right.data[i]));
  const label = (values: HostArray): LabelledArray => new LabelledArray(axes, values);
  return { a: label(left), b: label(right), difference: label(new HostArray(difference, left.shape, 'float32')) };
}

/** Some places of each axis, in order; undefined is all of them. */
function gathered(value: HostArray, places: readonly (readonly number[] | undefined)[]): HostArray {
  const shape = value.shape.map((size, axis) => places[axis]?.length ?? size);
  const strides = stridesOf(value.shape);
  const from = offsets(
    shape.map((n, axis) => places[axis]?.map((p) => p * (strides[axis] as number)) ?? alongAxis(n, strides[axis] as number)),
  );
  return new HostArray(
    Float32Array.from(from, (at) => Number(value.data[at])),
    shape,
    'float32',
  );
}
