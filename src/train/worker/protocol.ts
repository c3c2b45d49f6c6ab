import type { TokenBatch } from '../../datasets/index.js';
import type { EngineSettings } from '../../runtime/index.js';
import type { GroupedParameter } from '../groups.js';
import type { Optimizer } from '../optimizers/index.js';
import type { OptimizerProgram } from '../optimizers/rule.js';
import type { StepProgram, TrainingProgram } from '../step-program.js';

/** What the owner of a run needs to begin: programs, where parameters lie, their first values. */
export interface Setup {
  readonly program: TrainingProgram;
  readonly parameters: readonly GroupedParameter[];
  readonly values: Readonly<Record<string, Float32Array>>;
  readonly optimizer: Optimizer;
  /** What the optimiser runs by the engine. */
  readonly optimizerPrograms: readonly OptimizerProgram[];
  /** Clips the global gradient norm to this; 0: never. */
  readonly clip: number;
  /** Passes per step, whose gradients add up. */
  readonly accumulate: number;
  /** Each pass is so many runs of the program, on as many parts of its rows; 1 by default. */
  readonly lanes?: 1 | 2;
  /** Workers for the lanes; 1 by default. */
  readonly workers?: 1 | 2;
  /** Decay of the moving average of the parameters; 0: none is kept. */
  readonly average: number;
  readonly seed: number;
  readonly engine?: EngineSettings;
}

/** One optimiser step. */
export interface StepRequest {
  /** Steps done before it. */
  readonly step: number;
  /** Keys what is random in it; the step, unless steps were skipped. */
  readonly draw: number;
  /** The schedule's factor of the learning rate. */
  readonly factor: number;
  /** One per accumulated pass. */
  readonly batches: readonly TokenBatch[];
  /** Measures the update-to-weight ratio. */
  readonly watch?: boolean;
}

export interface StepReport {
  readonly step: number;
  /** Mean loss of the step's batches, in nats. */
  readonly loss: number;
  /** Global L2 norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  /** ‖Δθ‖/‖θ‖ over all trained parameters, where it was asked for. */
  readonly updateRatio?: number;
  /** Milliseconds: all of the step, and within it ONNX Runtime (of the slower lane, where two have workers). */
  readonly milliseconds: number;
  readonly engineMilliseconds: number;
}

/** A step's mean gradients, before clipping and update, by parameter name. */
export type Gradients = Record<string, Float32Array>;

export interface GradientsReply {
  readonly report: StepReport;
  readonly gradients: Gradients;
  /** What they are the mean over: the targets that count; the passes, with a loss of one's own. */
  readonly targets: number;
}

export interface UpdateRequest {
  readonly step: number;
  readonly factor: number;
  /** Take the place of those that were computed. */
  readonly gradients: Gradients;
  readonly watch?: boolean;
}

/** Runs another program over the run's parameters: an evaluation, a look at attention. */
export interface RunRequest {
  /** The program goes over once, and is known by its key from then on. */
  readonly key: string;
  readonly program?: StepProgram;
  readonly batch: TokenBatch;
}

/** Everything a run needs to go on, by parameter name. */
export interface TrainingState {
  readonly parameters: Record<string, Float32Array>;
  /** What the optimiser remembers, by slot: AdamW's are `first_moment` and `second_moment`. Empty before the first step. */
  readonly optimizer: Record<string, Record<string, Float32Array>>;
  /** The moving average of the trained parameters, where one is kept. */
  readonly average?: Record<string, Float32Array>;
}

/** What the owner of a run's numbers can be asked, in whatever thread it lives. */
export interface StepOwner {
  setup(setup: Setup): Promise<void>;
  step(request: StepRequest): Promise<StepReport>;
  /** The first half of a step: its gradients, which `update` then applies, changed or not. */
  gradients(request: StepRequest): Promise<GradientsReply>;
  update(request: UpdateRequest): Promise<Pick<StepReport, 'gradientNorm' | 'updateRatio' | 'milliseconds'>>;
  /** The outputs of a program by name, over the averaged parameters where an average is kept. */
  run(request: RunRequest): Promise<Record<string, Float32Array>>;
  /** The values to judge and keep: averaged where an average is kept. `current`: those that are being trained. */
  parameters(request: { readonly current: boolean }): Promise<Record<string, Float32Array>>;
  state(): Promise<TrainingState>;
  restore(state: TrainingState): Promise<void>;
  dispose(): Promise<void>;
}
