import type { Machine } from './machine.node.js';
import type { MissingTime } from './missing-time.js';
import type { OpTimes } from './op-times.js';
import type { BabyTiming } from './step-baby.js';
import type { Equality, Timing } from './step-compare.js';
import type { SizeName, StepShape } from './step-shape.js';

/** One size: that both sides computed the same, how long each took, and where our time went. */
export interface SizeResult {
  readonly size: SizeName;
  readonly shape: StepShape;
  readonly parameters: number;
  readonly equality: Equality;
  readonly timing: Timing;
  /** Share of the processors' time that other programs took while both were timed, in [0, 1]. */
  readonly othersLoad: number;
  /** 10⁹ floating-point operations per second, at the median step. */
  readonly gflops: number;
  readonly torchGflops: number;
  readonly operators: OpTimes;
  /** The best rate of a matrix product in the same run, and what the step's is of it, in [0, 1]. */
  readonly bestGflops: number;
  readonly shareOfBest: number;
  readonly missing: readonly MissingTime[];
}

/** What `bench step --json` prints. */
export interface StepBenchResult {
  readonly bench: 'step';
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly versions: { readonly torch: string; readonly python: string; readonly blas: string };
  readonly settings: {
    readonly threads: number;
    readonly torchThreads: number;
    /** Environment variables that were set for PyTorch. */
    readonly torchEnvironment: Readonly<Record<string, string>>;
    readonly activation: string;
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly weightDecay: number;
    readonly clip: number;
    readonly work: string;
  };
  readonly sizes: readonly SizeResult[];
  readonly baby?: BabyTiming;
}
