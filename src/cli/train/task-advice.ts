import { parseTask } from '../../datasets/index.js';
import type { SettingFlags } from './settings.js';

/** The settings that a task is known to be learned with. */
export function adviceOf(task: string): SettingFlags {
  const { recommended, context } = parseTask(task);
  return { ...recommended, context };
}
