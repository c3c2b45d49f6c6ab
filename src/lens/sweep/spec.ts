import type { HostArray } from '../../core/index.js';
import type { Stored } from '../change/intervention.js';
import type { LabelledArray } from '../labelled.js';
import type { Metric } from '../metric/metric.js';
import type { AxisName } from '../roles.js';

/** What a sweep goes over: each site by itself, and places along axes of it; what is not named is taken whole. */
export type By = 'layer' | Exclude<AxisName, 'row' | 'step'>;

/** What a sweep may cost. */
export interface SweepLimit {
  /** Most bytes that may be held at once, as far as the sizes of values tell. */
  readonly bytes?: number | undefined;
  /** Most seconds it may take, as far as its first run tells. */
  readonly seconds?: number | undefined;
}

interface SweepOptions {
  /** Sites, perhaps with a slice of what counts: `blocks.*.attention.mixed`, `*pattern[:, :, -1]`. */
  readonly site: string;
  readonly by: readonly By[];
  readonly metric: Metric;
  readonly limit?: SweepLimit | undefined;
  /** Cells that go through the model together; as many as a memory of some tens of megabytes takes by default. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Two prompts of the same length that differ in what is looked for; rows are pairs, whose results are averaged. */
interface Pair<P> {
  readonly clean: P;
  readonly corrupted: P;
  /** `denoise`, the default: the clean run's values into the corrupted run; `noise`: the other way round. */
  readonly direction?: 'denoise' | 'noise' | undefined;
}

/** Activation patching (Vig et al. 2020, Meng et al. 2022): what the metric becomes where one part has the other run's value. */
export interface ActivationSweep<P> extends SweepOptions, Pair<P> {
  readonly kind: 'activation';
}

/** Attribution patching (Nanda 2023): the same to first order, (other − own) · ∂metric/∂own, of all parts by one gradient. */
export interface AttributionSweep<P> extends SweepOptions, Pair<P> {
  readonly kind: 'attribution';
}

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): `site` sends the other run's values along the paths to `to`
 * alone. What `frozen` names keeps the run's own values on the way; what comes after `to` is computed anew.
 */
export interface PathSweep<P> extends SweepOptions, Pair<P> {
  readonly kind: 'path';
  /** What receives: an address such as `blocks.3.attention.query[:, 2]`. */
  readonly to: string;
  /** Sites that are held, `*attention.mixed` by default; with `*mlp.output` too, only direct paths are left. */
  readonly frozen?: string | undefined;
}

/** Ablation: what the metric becomes where one part is taken away. */
export interface AblationSweep<P> extends SweepOptions {
  readonly kind: 'ablation';
  readonly prompt: P;
  /** What stands in its place: zeros by default, or stored values, of `mean` or `resample`. */
  readonly with?: 'zero' | Stored | undefined;
  /** Whether rows of patterns are scaled to sum to 1 again, as if keys had been masked. */
  readonly renormalise?: boolean | undefined;
}

export type Sweep<P> = ActivationSweep<P> | AttributionSweep<P> | PathSweep<P> | AblationSweep<P>;

/** What a sweep took. */
export interface SweepCost {
  readonly cells: number;
  /** Runs of the program, and how many cells went through it together. */
  readonly runs: number;
  readonly batch: number;
  /** What values take at most, at once. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface SweepResult {
  /** The metric of each cell; of attribution, its first-order change. */
  readonly values: LabelledArray;
  /** The metric of the run that is changed, left as it is. */
  readonly baseline: number;
  /** The metric of the run that values come from, where there is one. */
  readonly source: number | undefined;
  readonly cost: SweepCost;
}

/** Arrays per site. */
export type SiteValues = Readonly<Record<string, HostArray>>;
