import type { Matrix } from './matrix.js';
import type { TokenInfo } from './model.js';

/** What a run is judged by, at a position (the last by default). */
export type Metric =
  /** logit(token) − logit(against) */
  | { readonly kind: 'logit-difference'; readonly token: number; readonly against: number; readonly position?: number }
  | { readonly kind: 'log-probability'; readonly token: number; readonly position?: number };

/** What a sweep patches, one at a time: each head of each layer, each layer at each position, or each head at each position. */
export type SweepBy = 'head' | 'layer-position' | 'head-position';

/** What the patching sweep is asked to find. */
export interface SweepSpec {
  /** The run that has what is to be found. */
  readonly clean: string;
  /** The run that lacks it: each cell puts a value of the clean run into it. */
  readonly corrupted: string;
  readonly by: SweepBy;
  readonly metric: Metric;
}

export interface SweepCell {
  readonly layer: number;
  readonly head?: number;
  readonly position?: number;
  /** 0: nothing regained; 1: as good as the clean run. */
  readonly regained: number;
  readonly metric: number;
}

export interface CompareRequests {
  /**
   * Which tokens of two runs belong together (the longest common subsequence). Where two runs are looked at as A − B, rows
   * and columns are these pairs.
   */
  readonly 'compare.align': {
    readonly in: { readonly a: string; readonly b: string };
    readonly out: {
      /** Token of A and token of B, in order. */
      readonly pairs: readonly (readonly [a: number, b: number])[];
      readonly tokens: readonly TokenInfo[];
      /** Those without a partner. */
      readonly onlyA: readonly number[];
      readonly onlyB: readonly number[];
    };
  };
  /** What two runs predict: the tokens whose probability differs most. */
  readonly 'compare.next': {
    readonly in: { readonly a: string; readonly b: string; readonly position?: number | undefined; readonly count: number };
    readonly out: {
      readonly rows: readonly { readonly id: number; readonly text: string; readonly a: number; readonly b: number }[];
      /** KL(A ‖ B), nats. */
      readonly divergence: number;
    };
  };
  /** How far apart the heads' patterns are, [layers][heads]: mean over rows of half the sum of |A − B| (total variation, 0 to 1). */
  readonly 'compare.heads': {
    readonly in: { readonly a: string; readonly b: string };
    readonly out: { readonly layers: readonly Float32Array[] };
  };
  /** What a sweep costs, before it runs. */
  readonly 'compare.cost': {
    readonly in: SweepSpec;
    readonly out: { readonly cells: number; readonly seconds: number; readonly bytes: number };
  };
  /** Find what matters: patches cell by cell, the most promising first. Cancel by aborting the request. */
  readonly 'compare.sweep': {
    readonly in: SweepSpec & { readonly limit?: number };
    readonly events: {
      readonly cells: readonly SweepCell[];
      readonly done: number;
      readonly total: number;
      /** The metric of both runs: what 0 and 1 are. */
      readonly clean: number;
      readonly corrupted: number;
    };
    /** [layers,heads] or [layers,positions] or [layers,heads,positions]; NaN where the sweep did not come. */
    readonly out: { readonly values: Matrix; readonly done: number; readonly total: number };
  };
}
