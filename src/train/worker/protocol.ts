import type { EngineSettings } from '../../runtime/index.js';
import type { AdamW } from '../optimizer.js';
import type { StepProgram } from '../step-program.js';
import type { LayoutInput } from '../storage.js';

/** A batch of token windows, row-major [B,T]; crosses by transfer. */
export interface Batch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

/** What a worker needs to begin: programs, where parameters lie, their first values. */
export interface Setup {
  readonly program: StepProgram;
  readonly batch: number;
  readonly context: number;
  readonly parameters: readonly LayoutInput[];
  readonly values: Readonly<Record<string, Float32Array>>;
  readonly optimizer: AdamW;
  /** Clips the global gradient norm to this; 0: never. */
  readonly clip: number;
  readonly accumulate: number;
  readonly seed: number;
  readonly engine?: EngineSettings;
}

/** One optimiser step: its number (from 0), its learning rate, and one batch per accumulated part. */
export interface StepRequest {
  readonly step: number;
  readonly lr: number;
  readonly batches: readonly Batch[];
}

export interface StepReport {
  readonly step: number;
  /** Mean loss of the step's batches, in nats. */
  readonly loss: number;
  /** Global L2 norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  /** Milliseconds: all of the step, and within it ONNX Runtime. */
  readonly milliseconds: number;
  readonly engineMilliseconds: number;
}

/** An evaluation: a program per window length, and the windows, already grouped for it. */
export interface EvaluationRequest {
  readonly groups: readonly {
    readonly key: string;
    readonly program?: StepProgram;
    readonly batch: number;
    readonly context: number;
    readonly batches: readonly Batch[];
  }[];
}

/** Everything a run needs to go on, by parameter name. */
export interface TrainingState {
  readonly parameters: Record<string, Float32Array>;
  /** What the optimiser remembers, by slot: AdamW's are `first_moment` and `second_moment`. */
  readonly optimizer: Record<string, Record<string, Float32Array>>;
}

/** What the owner of a run's numbers can be asked, in whatever thread it lives. */
export interface StepOwner {
  setup(setup: Setup): Promise<void>;
  step(request: StepRequest): Promise<StepReport>;
  /** Summed loss over all windows, in nats. */
  evaluate(request: EvaluationRequest): Promise<number>;
  parameters(): Promise<Record<string, Float32Array>>;
  state(): Promise<TrainingState>;
  restore(state: TrainingState): Promise<void>;
  dispose(): Promise<void>;
}
