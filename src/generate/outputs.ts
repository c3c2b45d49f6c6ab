import { type Dim, globMatcher, HostArray, SymbolicDim } from '../core/index.js';
import type { Tensor } from '../ops/index.js';
import { checkSites, type Program, selectSites, sitesOf } from '../runtime/index.js';

const prefix = 'site:';

/** Named values of the last run. */
export type Captured = Readonly<Record<string, HostArray>>;

/** What a program gives out beside its results. */
export interface Observed {
  /** Looks at every site and stops at the first NaN or infinity. */
  readonly check?: boolean | undefined;
  /** Globs of the sites whose values are wanted. */
  readonly capture?: string | undefined;
}

/**
 * What a program that predicts returns: `logits` [B,V] of the last position and the sites that are looked at.
 * @throws name: a glob matches no site
 */
export function predictionOutputs(logits: Tensor, options: Observed & { batch: Dim; vocabulary: number }): Record<string, Tensor> {
  const last = logits.slice([null, [-1]]).reshape([options.batch, options.vocabulary]);
  const every = sitesOf([logits]);
  const chosen = options.capture === undefined ? new Map<string, Tensor>() : selectSites(every, options.capture);
  const sites = [...(options.check ? every : chosen)].map(([site, value]) => [prefix + site, value]);
  return { logits: last, ...Object.fromEntries(sites) };
}

/** What a run returned for sites. */
export class Observation {
  readonly #sites: readonly (readonly [site: string, value: HostArray])[];
  readonly #program: Program;
  readonly #lengths: ArrayLike<number>;
  readonly #capture: string | undefined;

  /**
   * @param lengths per row of the run, how many of the cache's slots held a token
   * @throws numeric: NaN or infinity, under `check`
   */
  constructor(program: Program, results: Captured, lengths: ArrayLike<number>, { check, capture }: Observed) {
    this.#sites = Object.entries(results)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]);
    if (check) checkSites(this.#sites);
    this.#program = program;
    this.#lengths = lengths;
    this.#capture = capture;
  }

  /** The captured values of one row, [1,…], without the cache's empty slots. */
  row(row: number): Captured {
    if (this.#capture === undefined) return {};
    const matches = globMatcher(this.#capture);
    const chosen = this.#sites.filter(([site]) => matches(site));
    return Object.fromEntries(chosen.map(([site, value]) => [site, this.#trimmed(site, value, row)]));
  }

  #trimmed(site: string, value: HostArray, row: number): HostArray {
    const batch = this.#lengths.length;
    const own = value.shape[0] === batch ? taken(value, 0, [row]) : value;
    const axis = this.#program.outputs[prefix + site]?.shape.findIndex((d) => d instanceof SymbolicDim && d.symbols.includes(slots)) ?? -1;
    if (axis < 0) return own;
    const length = this.#lengths[row] as number;
    const size = own.shape[axis] as number;
    // Keys are the cache's slots, then the new tokens, as many as there are queries.
    const added = own.shape[axis - 1] as number;
    return taken(own, axis, [...Array(length).keys(), ...Array.from({ length: added }, (_, i) => size - added + i)]);
  }
}

/** The name of the number of a cache's slots, P, in shapes. */
export const slots = 'P';

/** Some indices of an axis, in their order. */
function taken(value: HostArray, axis: number, indices: readonly number[]): HostArray {
  const { shape, data, dtype } = value;
  const size = shape[axis] as number;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new (data.constructor as Float32ArrayConstructor)(outer * indices.length * inner);
  const source = data as Float32Array;
  for (let o = 0; o < outer; o++) {
    indices.forEach((index, i) => {
      const from = (o * size + index) * inner;
      out.set(source.subarray(from, from + inner), (o * indices.length + i) * inner);
    });
  }
  return new HostArray(
    out,
    shape.map((d, a) => (a === axis ? indices.length : d)),
    dtype,
  );
}
