import type { TokenBatch } from '../../datasets/index.js';
import type { Gradients, Setup, TrainingState } from './protocol.js';

/** A worker of a run: alone, or one of two that share its lanes and its parameters. */
export interface LaneSetup extends Setup {
  /** Which of two this is, and the memory they share; the first makes it. */
  readonly shared?: { readonly index: 0 | 1; readonly buffer?: SharedArrayBuffer };
}

/** Batches of a step, one per accumulated pass, for each lane that the worker computes. */
export interface LaneRequest {
  readonly draw: number;
  readonly work: readonly { readonly lane: number; readonly batches: readonly TokenBatch[] }[];
}

export interface LaneReply {
  /** Summed over the passes, lane by lane. */
  readonly losses: readonly number[];
  readonly engineMilliseconds: number;
}

export interface LaneUpdate {
  readonly step: number;
  readonly factor: number;
  readonly gradientScale: number;
  /** They lie where they are computed: not in the sums, but in the passes' own. */
  readonly replaced?: boolean;
  readonly watch: boolean;
}

/** Σ Δθ² and Σ θ² over a share's parameters, where they are watched. */
export interface LaneChange {
  readonly changed: number;
  readonly weights: number;
}

/** What a lane's worker is told, a step in this order: compute, reduce, apply, collect; a step whose gradients are handed out: compute, reduce, gradients, replace, apply, collect. Sums are of each share by itself, however many it has: their order is then always the same. */
export interface LaneOwner {
  setup(setup: LaneSetup): Promise<void>;
  compute(request: LaneRequest): Promise<LaneReply>;
  /** Adds the other's gradients to those of its share. @returns Σ g² of each share it has */
  reduce(): Promise<readonly number[]>;
  /** @returns of each share it has */
  apply(update: LaneUpdate): Promise<readonly LaneChange[]>;
  /** Takes the parameters that the other has updated. */
  collect(): Promise<void>;
  /** The share's gradients, times `scale`, as copies. */
  gradients(request: { readonly scale: number }): Promise<Gradients>;
  /** Takes other gradients for those of its share. @returns Σ g² of each share it has */
  replace(request: { readonly gradients: Gradients }): Promise<readonly number[]>;
  /** What the optimiser remembers of the share. */
  optimizerState(): Promise<TrainingState['optimizer']>;
  restore(state: TrainingState): Promise<void>;
  dispose(): Promise<void>;
}
