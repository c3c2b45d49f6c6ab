import { type ChildProcess, fork } from 'node:child_process';
import { StudioError } from '../engine/refusal.js';
import type { FromWorker, ToWorker } from './messages.js';

interface Waiting {
  readonly take: (frame: Uint8Array) => void;
  readonly end: (error?: Error) => void;
}

/**
 * A process of its own for one model: what breaks the engine there, a crash of native code too, breaks nothing here. It is
 * started when it is first asked, and anew after a crash.
 */
export class ModelProcess {
  #child: ChildProcess | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** When it was last asked. */
  usedAt = performance.now();

  /** @param entry the module that the process runs @param argument which model @param notice hears of crashes */
  constructor(
    private readonly entry: URL,
    private readonly argument: string,
    private readonly notice: (line: string) => void,
  ) {}

  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Frames of an answer. @throws crashed: the process ended before */
  async *frames(name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    this.usedAt = performance.now();
    const id = this.#next++;
    const child = this.#started();
    const frames: Uint8Array[] = [];
    let wake = (): void => {};
    let ended: { readonly error?: Error | undefined } | undefined;
    const post = (message: ToWorker): void => void child.send(message, () => {});
    const cancel = (): void => post({ kind: 'cancel', id });
    this.#waiting.set(id, {
      take: (frame) => {
        frames.push(frame);
        wake();
      },
      end: (error) => {
        ended = { error };
        wake();
      },
    });
    signal.addEventListener('abort', cancel);
    post({ kind: 'ask', id, name, input });
    try {
      for (;;) {
        const frame = frames.shift();
        if (frame !== undefined) yield frame;
        else if (ended !== undefined) break;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      if (ended.error !== undefined) throw ended.error;
    } finally {
      signal.removeEventListener('abort', cancel);
      if (ended === undefined) cancel();
      this.#waiting.delete(id);
    }
  }

  /** Ends the process; what it was asked ends with `crashed`. */
  stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
    this.#endAll(new StudioError('crashed', 'The model was closed.', 'Ask again: it opens anew.'));
  }

  #started(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = fork(this.entry, [this.argument], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message) => this.#hear(message as FromWorker));
    const died = (how: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const text = `The process of this model ended (${how}). It starts anew at the next request.`;
      this.notice(text);
      this.#endAll(new StudioError('crashed', text));
    };
    child.once('error', (error) => died(error.message));
    child.once('exit', (code, by) => died(by ?? `code ${code}`));
    this.#child = child;
    return child;
  }

  #hear(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'frame') waiting?.take(message.frame);
    else waiting?.end();
  }

  #endAll(error: Error): void {
    for (const { end } of this.#waiting.values()) end(error);
  }
}
