import type { ProgramOptions } from '../../runtime/index.js';
import type { StepOwner } from '../worker/protocol.js';
import { StepRunner } from '../worker/runner.js';
import { DeviceRunner } from './runner.js';

/** The owner of a run's numbers where its programs run. */
export function ownerOn(device: ProgramOptions['device']): StepOwner {
  return device === 'webgpu' ? new DeviceRunner() : new StepRunner();
}
