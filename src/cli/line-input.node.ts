import { createInterface } from 'node:readline';
import type { LineInput } from './io.js';

/**
 * Standard input, line by line. On a terminal lines are edited, and Ctrl-C is heard here: the first while something is
 * answered stops that, any other ends the input.
 */
export function lineInput(): LineInput {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({ input: process.stdin, terminal: isTerminal, ...(isTerminal && { output: process.stdout }) });
  const waiting: string[] = [];
  let isClosed = false;
  let wake = (): void => {};
  let answer: AbortController | undefined;
  lines.on('line', (line) => {
    waiting.push(line);
    wake();
  });
  lines.on('close', () => {
    isClosed = true;
    wake();
  });
  const hear = (): void => {
    const isFirst = answer !== undefined && !answer.signal.aborted;
    answer?.abort();
    if (!isFirst) lines.close();
  };
  lines.on('SIGINT', hear);
  process.on('SIGINT', hear);
  return {
    isTerminal,
    async next(prompt) {
      answer = undefined;
      while (waiting.length === 0 && !isClosed) {
        if (isTerminal) {
          lines.setPrompt(prompt);
          lines.prompt();
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift();
    },
    answering() {
      answer = new AbortController();
      if (isClosed && isTerminal) answer.abort();
      return answer.signal;
    },
    close() {
      process.off('SIGINT', hear);
      lines.close();
    },
  };
}
