import { parseTask } from '../../datasets/index.js';
import type { SettingFlags } from './settings.js';

/** The settings that a task is known to be learned with, its rows' length among them. */
export function adviceOf(task: string): SettingFlags {
  const { preset, context } = parseTask(task);
  const { betas, ...rest } = preset;
  return { ...rest, beta1: betas[0], beta2: betas[1], context, microBatch: preset.batch, dropout: 0 };
}
