import { turns } from '../core/event-loop.js';
import type { Continuation } from './continuation.js';
import type { GeneratedToken } from './options.js';
import type { Next, Rows } from './rows.js';

/** A token of one of several texts. */
export interface RowToken extends GeneratedToken {
  /** Which text. */
  readonly row: number;
}

/**
 * The decoding loop: reads every prompt, then draws a token for each text that is not finished and reads these.
 *
 * The context bounds what the model sees, not how long a text goes on: where a row is full, it starts again from the last
 * half of its text (at least one token), so that the next tokens are cheap too.
 * @throws the signal's reason, when it aborts; numeric: NaN or infinity, under `check`
 */
export async function* decodingLoop(
  rows: Rows,
  texts: readonly Continuation[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RowToken, void, undefined> {
  const turn = turns();
  const next: (Next | undefined)[] = [];
  for (const [row, text] of texts.entries()) {
    signal?.throwIfAborted();
    next.push(text.isFinished ? undefined : await rows.read(row, text.ids));
    await turn();
  }
  for (;;) {
    const going: (number | undefined)[] = [];
    for (const [row, text] of texts.entries()) {
      const known = next[row];
      if (known === undefined) continue;
      await turn();
      signal?.throwIfAborted();
      const token = text.take(known);
      going[row] = text.isFinished ? undefined : token.id;
      yield { ...token, row };
    }
    signal?.throwIfAborted();
    const ids = texts.map((_, row) => going[row]);
    if (ids.every((id) => id === undefined)) return;
    const isFull = ids.map((id, row) => id !== undefined && rows.length(row) === rows.context);
    const short = ids.map((id, row) => (isFull[row] ? undefined : id));
    const stepped = short.every((id) => id === undefined) ? [] : await rows.step(short);
    for (const [row, text] of texts.entries()) {
      const half = Math.max(1, rows.context >> 1);
      next[row] = isFull[row] ? await rows.read(row, text.ids.slice(-half)) : stepped[row];
    }
  }
}
