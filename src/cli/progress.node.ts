import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from './io.js';

/** A bar on the terminal's last line. */
export class BarProgress implements Progress {
  #bar: SingleBar | undefined;
  #done = 0;
  #text = '';
  readonly #total: number;
  readonly #ended: () => void;

  constructor(total: number, ended: () => void) {
    this.#total = total;
    this.#ended = ended;
    this.show();
  }

  update(done: number, text: string): void {
    this.#done = done;
    this.#text = text;
    this.#bar?.update(done, { text });
  }

  /** Takes the bar off the screen, so that something can be written. */
  hide(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  show(): void {
    const bar = new SingleBar(
      {
        format: '{bar} {value}/{total} {text}',
        stream: process.stderr,
        barsize: 24,
        clearOnComplete: true,
        hideCursor: true,
        gracefulExit: false,
        fps: 8,
      },
      Presets.shades_classic,
    );
    bar.start(this.#total, this.#done, { text: this.#text });
    this.#bar = bar;
  }

  stop(): void {
    this.hide();
    this.#ended();
  }
}

/** Milliseconds between lines where there is no terminal. */
const quiet = 5000;

/** A plain line now and then, for logs. */
export class LineProgress implements Progress {
  #last = performance.now();
  readonly #total: number;
  readonly #write: (line: string) => void;

  constructor(total: number, write: (line: string) => void) {
    this.#total = total;
    this.#write = write;
  }

  update(done: number, text: string): void {
    if (performance.now() - this.#last < quiet) return;
    this.#last = performance.now();
    this.#write(`${done}/${this.#total} ${text}`);
  }

  stop(): void {}
}
