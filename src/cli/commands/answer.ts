import { answer } from '../../predict/index.js';
import { type EncoderFlags, withEncoder } from '../encoder-run.js';
import type { CommandIo } from '../io.js';

export interface AnswerFlags extends EncoderFlags {
  readonly question: string;
  readonly context: string;
  readonly overlap?: number;
  readonly json?: boolean;
}

/** The part of a context that answers a question. JSON: `text`, `start`, `end` (as `context.slice` counts), `probability`, `score`. */
export async function answerCommand(folder: string, flags: AnswerFlags, io: CommandIo): Promise<void> {
  const { question, context, overlap } = flags;
  const options = overlap === undefined ? {} : { overlap };
  const best = await withEncoder(folder, flags, (runner) => answer(runner, question, context, options));
  if (flags.json) io.out(`${JSON.stringify(best)}\n`);
  else io.out(`${best.text}\n`);
}
