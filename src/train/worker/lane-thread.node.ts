import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Thread } from './rpc.js';
import { threadOf } from './thread.node.js';

export function startLane(): Thread {
  return threadOf(new Worker(new URL('./lane-entry.node.js', import.meta.url)));
}

export function laneThreads(): number {
  return Math.max(1, Math.floor(availableParallelism() / threadsPerCore()));
}

/** Logical processors of one core, which share its arithmetic: Linux tells. */
function threadsPerCore(): number {
  try {
    const siblings = readFileSync('/sys/devices/system/cpu/cpu0/topology/thread_siblings_list', 'utf8').trim();
    return siblings.split(',').reduce((count, part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return count + last - first + 1;
    }, 0);
  } catch {
    return 1;
  }
}
