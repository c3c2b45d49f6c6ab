export { attentionEntropies, entropyMetrics } from './attention-entropy.js';
export { type FaultSearch, findFault } from './fault.js';
export { findGrowth, type Growth, type GrowthSearch } from './growth.js';
export {
  type EvaluationMetrics,
  isEvaluation,
  isEvent,
  isStep,
  type MetricsLine,
  type NamedMetrics,
  type RunEvent,
  type StepMetrics,
  scalarsOf,
} from './metrics.js';
export { MetricsLog, readMetrics } from './metrics-log.js';
export { type Spike, SpikeDetector, type SpikeRule } from './spike-detector.js';
export { asPlainText, type EventWriter, type EventWriterOptions, eventWriter } from './tensorboard/event-writer.js';
export type { ParameterValues, PassSettings } from './traced-pass.js';
