import { files } from '#files';
import { AppendedFile } from './appended-file.js';
import type { MetricsLine } from './metrics.js';

const encoder = new TextEncoder();

/**
 * A run's `metrics.jsonl`. Appending gathers lines and writes them about once a second; whoever saves a checkpoint calls
 * `flush` first, so that a checkpoint never lies in a folder without the metrics of its steps.
 */
export class MetricsLog {
  readonly #file: AppendedFile;

  constructor(readonly path: string) {
    this.#file = new AppendedFile(path);
  }

  /** Adds a line. A number that is not finite becomes null: JSON has no other word for it. */
  append(line: MetricsLine): void {
    this.#file.append(encoder.encode(`${JSON.stringify(line)}\n`));
  }

  /** Resolves once every line is written. @throws file: it cannot be written */
  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Every line, this session's included. */
  async read(): Promise<MetricsLine[]> {
    await this.flush();
    return readMetrics(this.path);
  }

  /**
   * Forgets the lines of steps after `step`, which will be done again, and a line that a killed run left half written.
   * What is kept is kept to the letter. The file is replaced in one stroke: a kill leaves the old one or the new one.
   * @returns the lines kept
   */
  async truncateAfter(step: number): Promise<MetricsLine[]> {
    await this.flush();
    if ((await files.stat(this.path)).kind === 'missing') return [];
    const kept = parsed(await files.readText(this.path)).filter(({ line }) => line.step <= step);
    await files.writeAtomic(this.path, kept.map(({ text }) => `${text}\n`).join(''));
    return kept.map(({ line }) => line);
  }
}

/** The lines of a `metrics.jsonl`; none where there is no such file. Lines that are not whole are left out. */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  if ((await files.stat(path)).kind === 'missing') return [];
  return parsed(await files.readText(path)).map(({ line }) => line);
}

/** The whole lines: objects with a step. A run that was killed while it wrote leaves the beginning of one. */
function parsed(content: string): { readonly text: string; readonly line: MetricsLine }[] {
  return content.split('\n').flatMap((text) => {
    try {
      const line = JSON.parse(text) as Partial<MetricsLine> | null;
      return Number.isInteger(line?.step) ? [{ text, line: line as MetricsLine }] : [];
    } catch {
      return [];
    }
  });
}
