import { fail } from '../core/index.js';
import type { TextData, TrainingData } from '../datasets/index.js';
import type { EngineSettings, ProgramOptions } from '../runtime/index.js';
import type { ParameterGroup } from './groups.js';
import type { GuardOptions, Recovery } from './guard.js';
import type { Optimizer } from './optimizers/index.js';
import type { Schedule } from './schedule.js';
import { checkLabelSmoothing, type Loss } from './step-program.js';
import type { Gradients, StepReport, TrainingState } from './worker/protocol.js';

export interface TrainOptions {
  /** What to learn from, and to be judged on: token ids, or any data with its own way to make batches. */
  readonly data: TextData | TrainingData;
  readonly steps: number;
  /** Rows per step. */
  readonly batch: number;
  /** Tokens per row, learned from and judged on; as many as the model can see by default, `context`. */
  readonly length?: number;
  /** Rows per pass through the model; divides `batch`, whose passes' gradients add up. All at once by default. */
  readonly microBatch?: number;
  readonly optimizer?: Optimizer;
  /** Learning rates, decay and freezing by parameter name. */
  readonly groups?: readonly ParameterGroup[];
  /** Factor of the learning rate by step; by default 100 steps of warm-up and a cosine to a tenth. */
  readonly schedule?: Schedule;
  /** Clips the global gradient norm; 1 by default, 0 for never. */
  readonly clip?: number;
  /** ε of the default loss; 0 by default. */
  readonly labelSmoothing?: number;
  /** Decay of an exponential moving average of the weights, which is judged and kept in their place; 0, none, by default. */
  readonly average?: number;
  readonly seed?: number;
  /** Evaluates every so many steps, and at the end; 0: at the end only. */
  readonly evalEvery?: number;
  /** Calls `onSave` every so many steps, and at the end; as often as it evaluates by default. */
  readonly saveEvery?: number;
  /** Measures the update-to-weight ratio every so many steps; 0, never, by default. */
  readonly watchEvery?: number;
  /** Measures every head's attention entropy at every evaluation. */
  readonly watchAttention?: boolean;
  /** What becomes of a loss that is not finite, or leaps. */
  readonly guard?: GuardOptions;
  /** Where to go on from. */
  readonly resume?: RunPoint;
  /** Stops after the step under way; the result says `stopped`. */
  readonly signal?: AbortSignal;
  /** Instead of the cross-entropy of the next token. */
  readonly loss?: Loss;
  readonly device?: ProgramOptions['device'];
  /** Threads to compute with: of a pass in two lanes, each lane has half of them. 0, the machine's cores, by default. */
  readonly threads?: number;
  /**
   * Whether passes go whole (1) or in two lanes of half of the rows (2), with a worker each where there are threads for them;
   * 0, as the model and the batch suit it, by default. Two take more memory: with AdamW 32 bytes a parameter instead of 16.
   * Losses and weights differ in their last bits, and dropout in its draws. On devices passes always go whole.
   */
  readonly lanes?: 0 | 1 | 2;
  /** Settings of ONNX Runtime in the worker: in a page, where its WebAssembly files lie. */
  readonly engine?: EngineSettings;
  /** Runs in this thread instead of a worker's: for places that have none. */
  readonly inThread?: boolean;
  readonly onStep?: (report: TrainReport) => void;
  /**
   * Gets every step's mean gradients before clipping and update; what it returns takes their place, and the report's
   * `gradientNorm` is its norm. For data-parallel training, and to look at them; costs a copy each way. What it returns is
   * handed over: keep a copy, not the arrays. They are float32, so the mean of an odd number of targets is rounded once
   * more than in a step without this callback.
   * @param targets how many they are the mean over (of passes, with a loss of one's own): the weight of several workers' means
   */
  readonly onGradients?: (gradients: Gradients, step: number, targets: number) => Gradients | Promise<Gradients>;
  /** May take its time (sampling): training waits. The model then holds the trained values. */
  readonly onEvaluation?: (report: EvaluationReport) => void | Promise<void>;
  /** Likewise, with what a resumed run needs. */
  readonly onSave?: (run: TrainingRun) => void | Promise<void>;
  /** Hears of spikes, and of what was done about a fault. */
  readonly onRecovery?: (recovery: Recovery) => void | Promise<void>;
}

/** A run at one moment: all it needs to go on, to the bit. */
export interface RunPoint {
  /** Steps done. */
  readonly step: number;
  /** Batches that were skipped after faults: step s draws batch s + skipped. */
  readonly skipped: number;
  /** The last steps' losses, of which the reported training loss is the mean. */
  readonly losses: readonly number[];
  readonly state: TrainingState;
}

export interface TrainReport extends StepReport {
  readonly lr: number;
  /** Tokens per second of this step. */
  readonly tokensPerSecond: number;
}

export interface EvaluationReport {
  /** Steps done. */
  readonly step: number;
  /** Mean of the last steps' losses, 100 at most. */
  readonly trainLoss: number;
  /** NaN of a run that was stopped: it is saved, not evaluated. */
  readonly valLoss: number;
  /** Of data with exact matches: the share of held-out rows whose every answer token is the likeliest. */
  readonly exactMatch?: number;
  /** The same on what is learned from, where the data offer it. */
  readonly trainExactMatch?: number;
  /** Mean entropy in nats of each head's attention, by site, where it is watched. */
  readonly attentionEntropy?: Readonly<Record<string, readonly number[]>>;
}

/** The run under way, for `onSave`. */
export interface TrainingRun {
  readonly step: number;
  /** The last evaluation, if there was one at this step. */
  readonly evaluation: EvaluationReport | undefined;
  point(): Promise<RunPoint>;
}

export interface TrainResult extends EvaluationReport {
  readonly parameters: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** True when `signal` ended it early. */
  readonly stopped: boolean;
  /** The run at its end, to save and resume from. */
  readonly point: RunPoint;
}

/** @throws value: options out of their ranges @param context most tokens of a row */
export function checkOptions(options: TrainOptions, context: number): void {
  const { steps, batch, microBatch = batch, evalEvery = 0, saveEvery = 0, watchEvery = 0 } = options;
  const { seed = 0, clip = 1, average = 0, lanes = 0 } = options;
  const check = (ok: boolean, rule: string, got: string): void => {
    if (!ok) throw fail('value', { where: 'train', rule, got });
  };
  for (const [name, value] of Object.entries({ steps, batch, microBatch }))
    check(Number.isInteger(value) && value >= 1, `${name} is a whole number from 1`, String(value));
  const { length = context } = options;
  check(
    Number.isInteger(length) && length >= 1 && length <= context,
    `length is a whole number from 1 to the model's context, ${context}`,
    String(length),
  );
  check(Number.isInteger(batch / microBatch), 'a micro-batch that divides the batch', `batch ${batch}, microBatch ${microBatch}`);
  for (const [name, value] of Object.entries({ evalEvery, saveEvery, watchEvery }))
    check(Number.isInteger(value) && value >= 0, `${name} is a whole number, 0 for none`, String(value));
  check(Number.isSafeInteger(seed) && seed >= 0, 'seed is a whole number from 0', String(seed));
  check(clip >= 0, 'clip is at least 0, 0 for never', String(clip));
  check(average >= 0 && average < 1, 'average is a decay from 0 to below 1, 0 for none', String(average));
  check([0, 1, 2].includes(lanes), 'lanes is 1 or 2, 0 for as it suits', String(lanes));
  checkLabelSmoothing(options.labelSmoothing ?? 0, 'train');
  check(!(options.loss && options.labelSmoothing), 'label smoothing with the default loss', 'a loss of its own too');
}
