import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EngineJob } from './engine-check.js';

/** How far a run raises a fresh process's peak memory, in KB. */
export function peakOf({ model, feeds }: Pick<EngineJob, 'model' | 'feeds'>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('peak-process.mjs', import.meta.url)), { serialization: 'advanced', execArgv: [] });
    child.once('message', (answer) => {
      child.kill();
      resolve(answer as number);
    });
    child.once('exit', () => reject(new Error('the process ended')));
    child.send({ model, feeds });
  });
}
