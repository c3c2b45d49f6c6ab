/**
 * The lines of a run's `metrics.jsonl`: one JSON object a line, told apart by what they hold. In all of them `step` counts
 * the steps done, so that a run that goes on from step n keeps exactly the lines with step ≤ n.
 */
export type MetricsLine = StepMetrics | EvaluationMetrics | RunEvent;

/** Numbers with a name of their own, such as `attention_entropy/blocks.0.head.3`; a group and a name, with a slash between. */
export interface NamedMetrics {
  readonly [name: `${string}/${string}`]: number;
}

/** One step of the optimiser. */
export interface StepMetrics {
  readonly step: number;
  /** Mean loss of the step's batch, in nats. */
  readonly loss: number;
  readonly lr: number;
  /** Global L2 norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  /** L2 norm of the step's change of the weights by that of the weights; around 1e-3 in a healthy run. */
  readonly updateRatio?: number;
  readonly tokensPerSecond: number;
}

/** What a run measures now and then. */
export interface EvaluationMetrics extends NamedMetrics {
  readonly step: number;
  /** Mean over the last steps, in nats; null where none was done. */
  readonly trainLoss: number | null;
  readonly valLoss: number;
  /** Share of questions answered without a mistake, 0 to 1: of those kept apart, and of those learned from. */
  readonly exactMatch?: number;
  readonly trainExactMatch?: number;
  readonly tokensPerSecond?: number;
}

/** What happened to a run. */
export type RunEvent =
  | { readonly step: number; readonly event: 'sample'; readonly text: string }
  /** The loss rose far above what it was; `site` says where, when that was looked for. */
  | {
      readonly step: number;
      readonly event: 'spike';
      readonly loss: number;
      readonly mean: number;
      readonly deviation: number;
      readonly site?: string;
    }
  /** Something was not finite; `reason` is the error's message. */
  | { readonly step: number; readonly event: 'fault'; readonly reason: string }
  /** The run went back to `step`, from a later one. */
  | { readonly step: number; readonly event: 'rollback'; readonly from: number; readonly reason: string };

export function isEvent(line: MetricsLine): line is RunEvent {
  return 'event' in line;
}

export function isStep(line: MetricsLine): line is StepMetrics {
  return 'loss' in line && !isEvent(line);
}

export function isEvaluation(line: MetricsLine): line is EvaluationMetrics {
  return 'valLoss' in line && !isEvent(line);
}

/** A line's numbers by the tags that TensorBoard shows them under: `train/…`, `evaluation/…`, named metrics as they are. */
export function scalarsOf(line: StepMetrics | EvaluationMetrics): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [key, value] of Object.entries(line)) {
    const tag = key.includes('/') ? key : (isStep(line) ? stepTags : evaluationTags)[key];
    if (tag !== undefined && typeof value === 'number') scalars[tag] = value;
  }
  return scalars;
}

const stepTags: Readonly<Record<string, string>> = {
  loss: 'train/loss',
  lr: 'train/learning_rate',
  gradientNorm: 'train/gradient_norm',
  updateRatio: 'train/update_ratio',
  tokensPerSecond: 'train/tokens_per_second',
};

const evaluationTags: Readonly<Record<string, string>> = {
  trainLoss: 'evaluation/train_loss',
  valLoss: 'evaluation/validation_loss',
  exactMatch: 'evaluation/exact_match',
  trainExactMatch: 'evaluation/train_exact_match',
  tokensPerSecond: 'evaluation/tokens_per_second',
};
