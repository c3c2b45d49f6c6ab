export { type EvaluateOptions, Evaluator, evaluateModel } from './evaluate.js';
export { type AdamW, adamW } from './optimizer.js';
export { appendMetrics, loadRecord, loadRun, saveRun, type TrainerRecord } from './run-folder.js';
export { constant, cosine, type Schedule } from './schedule.js';
export { type Loss, nextTokenLoss, traceEvaluation, traceStep } from './step-program.js';
export { type EvaluationReport, type TrainingRun, type TrainOptions, type TrainReport, type TrainResult, train } from './train.js';
export type { StepOwner, StepReport, TrainingState } from './worker/protocol.js';
export { StepRunner } from './worker/runner.js';
