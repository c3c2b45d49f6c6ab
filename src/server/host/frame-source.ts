import { refusalOf } from '../engine/refusal.js';
import { type Engine, encodeFrame, type Input, type RequestName } from '../protocol/index.js';

/** Answers requests as frames: an `Answer` each, the last a result or an error. Ends early when the signal aborts. */
export interface FrameSource {
  frames(name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** An engine's answers as frames, in the order they come. */
export async function* framesOf(
  engine: Engine,
  name: string,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = [];
  let wake = (): void => {};
  const put = (answer: unknown): void => {
    waiting.push(encodeFrame(answer));
    wake();
  };
  let ended = false;
  const emit = (event: unknown): void => put({ event });
  // Names and inputs come from outside: the engine refuses those it does not know, and its handlers check what they use.
  const answer = engine.handle(name as RequestName, input as unknown as Input<RequestName>, { signal, emit } as never);
  const settled = answer
    .then(
      (result) => put({ result }),
      (error: unknown) => put({ error: refusalOf(error) }),
    )
    .finally(() => {
      ended = true;
      wake();
    });
  for (;;) {
    const frame = waiting.shift();
    if (frame !== undefined) yield frame;
    else if (ended) break;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  await settled;
}
