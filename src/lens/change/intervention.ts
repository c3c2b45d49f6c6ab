import type { HostArray } from '../../core/index.js';
import type { Tensor } from '../../ops/index.js';

/** Where something is changed: an address, and places told by word for what its axes count. */
export interface Where {
  /** Sites, perhaps with a slice: `blocks.1.attention.mixed[:, :, 3]`. */
  readonly at: string;
  /** What it is called, in lists and errors. */
  readonly name?: string | undefined;
  readonly rows?: readonly number[] | undefined;
  readonly heads?: readonly number[] | undefined;
  /** Places of queries, where a site has queries and keys. */
  readonly positions?: readonly number[] | undefined;
  readonly keys?: readonly number[] | undefined;
  readonly neurons?: readonly number[] | undefined;
  readonly channels?: readonly number[] | undefined;
}

/** The words of `Where`, and the axis that each is about. */
export const placeWords = {
  rows: 'row',
  heads: 'head',
  positions: 'position',
  keys: 'key',
  neurons: 'neuron',
  channels: 'channel',
} as const;

/** Zeros. */
export interface Zero extends Where {
  readonly kind: 'zero';
}

/** An array: of the shape that the address cuts out, or one that broadcasts to it. */
export interface Value extends Where {
  readonly kind: 'value';
  readonly value: HostArray;
}

/** What was computed elsewhere and stored, per site, of the shape that the address cuts out, or one that broadcasts to it. */
export interface Stored extends Where {
  /** `mean`: over reference prompts; `resample`: of another prompt; `freeze`: of a run that attention is held to. */
  readonly kind: 'mean' | 'resample' | 'freeze';
  readonly values: Readonly<Record<string, HostArray>>;
}

/** x + coefficient · vector: steering (Turner et al. 2023). */
export interface Add extends Where {
  readonly kind: 'add';
  readonly vector: HostArray;
  readonly coefficient: number;
}

/** x · factor. */
export interface Scale extends Where {
  readonly kind: 'scale';
  readonly factor: number;
}

/** Edges between a query and a key, of patterns: their weights become 0. */
export interface Cut extends Where {
  readonly kind: 'cut';
  /** Pairs of positions: [query, key]. */
  readonly edges: readonly (readonly [query: number, key: number])[];
  /** Whether the rest of the row is scaled so that it sums to 1 again, as if the key had been masked. */
  readonly renormalise: boolean;
}

/** A function of the value, traced into the graph. It has no JSON. */
export interface Replace extends Where {
  readonly kind: 'function';
  readonly change: (value: Tensor) => Tensor;
}

/** A change of a model's values, as data. */
export type Intervention = Zero | Value | Stored | Add | Scale | Cut | Replace;
