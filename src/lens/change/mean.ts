import { fail, HostArray, stridesOf } from '../../core/index.js';
import type { Module } from '../../nn/index.js';
import { parseOneAddress, siteOfKey } from '../address.js';
import type { Captured } from '../capture.js';
import type { Lens } from '../lens.js';
import { alongAxis, offsets } from '../offsets.js';
import { type AxisName, axesOf } from '../roles.js';
import type { Stored, Where } from './intervention.js';

export interface MeanOptions extends Omit<Where, 'at'> {
  /**
   * `positions`, the default: over rows and positions, so that one mean serves texts of any length. `prompts`: each position has its
   * own, of prompts of one length.
   */
  readonly over?: 'positions' | 'prompts';
}

/**
 * Mean ablation: the mean over reference prompts in the place of what is computed. It is computed here, once, and stored.
 * @throws value: no prompt; shape: prompts of several lengths, each position having its own mean
 * @example view.with(await mean(view, 'blocks.1.attention.mixed', prompts, { heads: [3] }))
 */
export async function mean<P, M extends Module>(
  view: Lens<P, M>,
  at: string,
  prompts: readonly P[],
  { over = 'positions', ...where }: MeanOptions = {},
): Promise<Stored> {
  if (prompts.length === 0) throw fail('value', { where: 'mean', rule: 'at least one reference prompt', got: 'none' });
  const sums = new Map<string, Sum>();
  for (const prompt of prompts) {
    const feeds = view.subject.feeds(prompt);
    const ranks = new Map([...view.sitesFor(feeds)].map(([name, { shape }]) => [name, shape.length]));
    addAll(sums, await view.capture(prompt, at), (site) => averagedAxes(at, site, ranks.get(site) as number, over));
  }
  const values = [...sums].map(([site, { total, count, shape }]) => {
    return [
      site,
      new HostArray(
        Float32Array.from(total, (x) => x / count),
        shape,
        'float32',
      ),
    ] as const;
  });
  return { kind: 'mean', at, values: Object.fromEntries(values), ...where };
}

interface Sum {
  readonly total: Float64Array;
  readonly shape: readonly number[];
  count: number;
}

/** Which axes of what an address cuts out are averaged. */
function averagedAxes(at: string, site: string, rank: number, over: 'positions' | 'prompts'): readonly number[] {
  const axes = axesOf(site, rank);
  if (axes === undefined) {
    throw fail('name', {
      where: 'mean',
      path: site,
      rule: 'a site whose axes are known',
      got: 'another',
      fix: 'Store a value of your own',
    });
  }
  const averaged: readonly AxisName[] = over === 'positions' ? ['row', 'position', 'step'] : ['row'];
  if (over === 'positions' && axes.includes('key')) {
    throw fail('value', {
      where: 'mean',
      path: site,
      rule: 'over: prompts, of queries and keys',
      got: 'over: positions',
      fix: "Say over: 'prompts'",
    });
  }
  const { parts } = parseOneAddress(at);
  const kept = axes.filter((_, axis) => parts[axis]?.kind !== 'one');
  return kept.flatMap((name, axis) => (averaged.includes(name) ? [axis] : []));
}

function addAll(sums: Map<string, Sum>, captured: Captured, averaged: (site: string) => readonly number[]): void {
  for (const [key, value] of Object.entries(captured)) {
    const site = siteOfKey(key);
    const axes = averaged(site);
    const shape = value.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const known = sums.get(site) ?? { total: new Float64Array(shape.reduce((a, b) => a * b, 1)), shape, count: 0 };
    if (known.shape.join() !== shape.join()) {
      throw fail('shape', { where: 'mean', path: site, rule: `prompts of one length, [${known.shape}]`, got: `[${shape}]` });
    }
    addTo(known.total, value, shape);
    known.count += value.data.length / known.total.length;
    sums.set(site, known);
  }
}

/** Adds a value to a total that has 1 in the place of some axes. */
function addTo(total: Float64Array, { data, shape }: HostArray, onto: readonly number[]): void {
  const strides = stridesOf(onto);
  const to = offsets(shape.map((n, axis) => alongAxis(n, onto[axis] === 1 ? 0 : (strides[axis] as number))));
  (data as Float32Array).forEach((x, flat) => {
    const at = to[flat] as number;
    total[at] = (total[at] as number) + x;
  });
}
