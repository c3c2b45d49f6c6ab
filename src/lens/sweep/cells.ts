import { fail, HostArray, indexOfElement, sizeOf, stridesOf } from '../../core/index.js';
import { selectSites } from '../../runtime/index.js';
import { parseOneAddress } from '../address.js';
import { type Choice, chosenPart } from '../change/places.js';
import type { FoundSite } from '../change/rewrite.js';
import type { Axis } from '../labelled.js';
import { offsets } from '../offsets.js';
import { type AxisName, axesOf, layerOfSite } from '../roles.js';
import type { By } from './spec.js';

/** One site of a sweep: which of its axes cells go over, and which places of it count at all. */
export interface SweptSite {
  readonly site: FoundSite;
  readonly axes: readonly (AxisName | undefined)[];
  /** Per axis the places that count; undefined is all of it. */
  readonly places: readonly (readonly number[] | undefined)[];
  /** Per axis, which of `by` it is; −1 for none. */
  readonly swept: readonly number[];
}

/** The parts of a model that a sweep goes over: a cell is a place along each axis of the result. */
export class Cells {
  private constructor(
    readonly sites: readonly SweptSite[],
    /** Of the result. */
    readonly axes: readonly Axis[],
    /** Where `layer` stands among them; −1 where a cell is of all sites together. */
    private readonly layerAxis: number,
  ) {}

  /**
   * @param at which sites, perhaps a slice of them
   * @throws name: no site matches, or one that does not count what `by` says; shape: sites of several sizes; value: `by` that says nothing, or one thing twice
   */
  static of(at: string, by: readonly By[], found: ReadonlyMap<string, FoundSite>): Cells {
    if (by.length === 0 || new Set(by).size !== by.length)
      throw fail('value', { where: 'sweep', rule: 'by, each axis once', got: `[${by}]` });
    const sites = [...selectSites(found, parseOneAddress(at).glob).values()].map((site) => sweptSite(at, by, site));
    const first = sites[0] as SweptSite;
    const axes = by.map((name, i): Axis => {
      if (name === 'layer') return layerAxisOf(sites.map(({ site }) => site.name));
      const counts = sites.map((s) => placesAlong(s, i).join());
      const odd = counts.findIndex((places) => places !== counts[0]);
      if (odd >= 0) {
        throw fail('shape', {
          where: 'sweep',
          rule: `sites with as many of ${name}: ${placesAlong(first, i).length} of ${first.site.name}`,
          got: `${placesAlong(sites[odd] as SweptSite, i).length} of ${sites[odd]?.site.name}`,
          fix: 'Sweep over them apart',
        });
      }
      return { name, labels: placesAlong(first, i) };
    });
    return new Cells(sites, axes, by.indexOf('layer'));
  }

  get shape(): number[] {
    return this.axes.map(({ labels }) => labels.length);
  }

  get count(): number {
    return sizeOf(this.shape);
  }

  /** Masks of some rows, nothing chosen, by site: of the site's rank, the axes that do not matter 1. */
  masks(rows: number): ReadonlyMap<string, HostArray> {
    return new Map(
      this.sites.map((swept) => {
        const shape = swept.axes.map((name, axis) =>
          name === 'row' ? rows : isWhole(swept, axis) ? 1 : (swept.site.shape[axis] as number),
        );
        return [swept.site.name, new HostArray(new Uint8Array(sizeOf(shape)), shape, 'bool')];
      }),
    );
  }

  /** Chooses a cell in a row of masks. */
  mark(masks: ReadonlyMap<string, HostArray>, row: number, cell: number): void {
    const index = indexOfElement(cell, this.shape);
    this.sites.forEach((swept, number) => {
      if (this.layerAxis >= 0 && index[this.layerAxis] !== number) return;
      const mask = masks.get(swept.site.name) as HostArray;
      const strides = stridesOf(mask.shape);
      const lists = swept.axes.map((name, axis): readonly number[] => {
        const by = swept.swept[axis] as number;
        const place = name === 'row' ? row : by >= 0 ? (this.axes[by]?.labels[index[by] as number] as number) : undefined;
        const places = place === undefined ? (swept.places[axis] ?? [0]) : [place];
        return places.map((p) => p * (strides[axis] as number));
      });
      for (const at of offsets(lists)) mask.data[at] = 1;
    });
  }

  /**
   * Adds what was found of one site, whose axes are its own that are swept, to the cells.
   * @param found all places along each of them, in the order of the site's axes
   */
  collect(sums: Float64Array, number: number, found: HostArray, factor: number): void {
    const { swept } = this.sites[number] as SweptSite;
    const order = swept.filter((by) => by >= 0);
    for (let cell = 0; cell < this.count; cell++) {
      const index = indexOfElement(cell, this.shape);
      if (this.layerAxis >= 0 && index[this.layerAxis] !== number) continue;
      const at = order.map((by) => this.axes[by]?.labels[index[by] as number] as number);
      sums[cell] = (sums[cell] as number) + factor * found.at(...at);
    }
  }
}

function sweptSite(at: string, by: readonly By[], site: FoundSite): SweptSite {
  if (site.stacked) {
    throw fail('unsupported', {
      where: 'sweep',
      path: site.name,
      rule: 'sites outside of loops',
      got: "a value of a loop's steps",
      fix: 'Change it with interventions',
    });
  }
  const { axes }: Choice = chosenPart({ at }, site);
  const known = axesOf(site.name, site.shape.length);
  const names = known ?? site.shape.map((_, axis): AxisName | undefined => (axis === 0 ? 'row' : undefined));
  const missing = by.find((name) => name !== 'layer' && !names.includes(name));
  if (missing !== undefined) {
    const got = known === undefined ? 'a site whose axes are not known' : `a site of ${known.filter((name) => name !== 'row').join(', ')}`;
    throw fail('name', { where: 'sweep', path: site.name, rule: `a site with the axis ${missing}`, got });
  }
  if (axes[names.indexOf('row')] !== undefined) throw fail('value', { where: 'sweep', path: site.name, rule: 'all rows', got: at });
  return {
    site,
    axes: names,
    places: axes.map((choice) => (choice !== undefined && 'places' in choice ? choice.places : undefined)),
    swept: names.map((name) => (name === undefined ? -1 : by.indexOf(name as By))),
  };
}

/** The places of a site along one of the axes that cells go over. */
function placesAlong({ site, swept, places }: SweptSite, by: number): readonly number[] {
  const axis = swept.indexOf(by);
  return places[axis] ?? Array.from({ length: site.shape[axis] as number }, (_, i) => i);
}

/** Whether a mask says nothing of an axis. */
function isWhole({ swept, places }: SweptSite, axis: number): boolean {
  return (swept[axis] as number) < 0 && places[axis] === undefined;
}

/** Layers by number, where each has one site; else sites by name. */
function layerAxisOf(names: readonly string[]): Axis {
  const layers = names.map(layerOfSite);
  const isNumbered = layers.every((n) => n !== undefined) && new Set(layers).size === layers.length;
  return isNumbered ? { name: 'layer', labels: layers as number[] } : { name: 'site', labels: names };
}
