import { exitCode } from './exit-code.js';
import type { CommandIo } from './io.js';
import { lineInput } from './line-input.node.js';
import { BarProgress, LineProgress } from './progress.node.js';
import { showsUnicode } from './train/curve.js';

/** Standard output, standard error and the signals of this process. */
export function processIo(): CommandIo {
  let bar: BarProgress | undefined;
  let controller: AbortController | undefined;
  const note = (line: string): void => {
    bar?.hide();
    process.stderr.write(`${line}\n`);
    bar?.show();
  };
  return {
    out: (text) => void process.stdout.write(text),
    note,
    outIsTerminal: process.stdout.isTTY === true,
    columns: process.stderr.columns ?? 80,
    unicode: showsUnicode(process.env, process.platform),
    progress(total) {
      if (process.stderr.isTTY !== true) return new LineProgress(total, note);
      bar = new BarProgress(total, () => {
        bar = undefined;
      });
      return bar;
    },
    input: lineInput,
    interrupted() {
      if (controller === undefined) {
        const stop = new AbortController();
        const hear = (): void => {
          if (stop.signal.aborted) process.exit(exitCode.interrupted); // asked twice: now
          stop.abort();
        };
        process.on('SIGINT', hear);
        process.on('SIGTERM', hear);
        controller = stop;
      }
      return controller.signal;
    },
  };
}
