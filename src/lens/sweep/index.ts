export type {
  AblationSweep,
  ActivationSweep,
  AttributionSweep,
  By,
  PathSweep,
  Sweep,
  SweepCost,
  SweepLimit,
  SweepResult,
} from './spec.js';
export { restored, sweep } from './sweep.js';
