import { fail } from '../../core/index.js';
import type { Thread } from './rpc.js';

export function startLane(): Thread {
  throw fail('unsupported', { where: 'training worker', rule: 'one worker in a page', got: 'two' });
}

/** In a page the engine's own threads serve one worker. */
export const laneThreads = (): number => 1;
