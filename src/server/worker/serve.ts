import { refusalOf } from '../engine/refusal.js';
import { framesOf } from '../host/frame-source.js';
import { type Engine, encodeFrame } from '../protocol/index.js';
import type { FromWorker, ToWorker } from './messages.js';

/**
 * The worker's side: answers messages by an engine that is made at the first one, several at once.
 * @returns to be called with each message
 */
export function serveEngine(open: () => Promise<Engine>, post: (message: FromWorker) => void): (message: ToWorker) => void {
  const running = new Map<number, AbortController>();
  let engine: Promise<Engine> | undefined;

  const ask = async ({ id, name, input }: Extract<ToWorker, { kind: 'ask' }>): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      engine ??= open();
      for await (const frame of framesOf(await engine, name, input, controller.signal)) post({ kind: 'frame', id, frame });
    } catch (error) {
      engine = undefined; // a model that could not be opened may be mended and asked for again
      post({ kind: 'frame', id, frame: encodeFrame({ error: refusalOf(error) }) });
    } finally {
      running.delete(id);
      post({ kind: 'end', id });
    }
  };

  return (message) => {
    if (message.kind === 'cancel') running.get(message.id)?.abort();
    else void ask(message);
  };
}
