import type { ProgramOptions } from '../../runtime/index.js';
import type { ReplyMessage, Thread } from './rpc.js';

export function startThread(device: ProgramOptions['device'] = 'cpu'): Thread {
  const worker = new Worker(new URL('./entry.web.js', import.meta.url), { type: 'module', name: device });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    onReply: (listener) => {
      worker.onmessage = (event: MessageEvent<ReplyMessage>) => listener(event.data);
    },
    onDeath: (listener) => {
      worker.onerror = (event) => listener(event.message || 'it could not be loaded');
    },
    terminate: async () => worker.terminate(),
  };
}
