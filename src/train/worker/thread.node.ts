import { Worker } from 'node:worker_threads';
import type { Thread } from './rpc.js';

export function startThread(): Thread {
  const worker = new Worker(new URL('./entry.node.js', import.meta.url));
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
