import { Worker } from 'node:worker_threads';
import type { ProgramOptions } from '../../runtime/index.js';
import type { Thread } from './rpc.js';

export function startThread(device: ProgramOptions['device']): Thread {
  return threadOf(new Worker(new URL('./entry.node.js', import.meta.url), { workerData: device }));
}

/** Messages to and from a worker thread of Node. */
export function threadOf(worker: Worker): Thread {
  let ending = false;
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    onReply: (listener) => void worker.on('message', listener),
    onDeath: (listener) => {
      worker.once('error', listener);
      worker.once('exit', (code) => {
        if (!ending) listener(`it ended with code ${code}`);
      });
    },
    async terminate() {
      ending = true;
      await worker.terminate();
    },
  };
}
