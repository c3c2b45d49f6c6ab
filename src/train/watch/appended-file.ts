import { files } from '#files';

/** A file is written to when this much waits, or when what waits is this old. */
const waitingBytes = 1 << 16;
const waitingMilliseconds = 1000;

/**
 * A file that only grows. Appending costs a step nothing but a copy: what was appended is gathered and written about once
 * a second, one write after the other. What must be on the disk before something else is (a checkpoint) asks for `flush`.
 */
export class AppendedFile {
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #lastWrite = performance.now();
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly path: string) {}

  /** Adds bytes at the end, in whole: a write never begins or ends within them. */
  append(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes < waitingBytes && performance.now() - this.#lastWrite < waitingMilliseconds) return;
    // A write that fails keeps failing in #writing, so that the next `flush` meets the error.
    this.#write().catch(() => {});
  }

  /** Resolves once everything appended so far is written. @throws file: it cannot be: a full disk, a folder that is gone */
  flush(): Promise<void> {
    return this.#write();
  }

  #write(): Promise<void> {
    this.#lastWrite = performance.now();
    const content = joined(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    // After a failure nothing more is written: behind a torn record it could not be read.
    if (content.length > 0) this.#writing = this.#writing.then(() => files.append(this.path, content));
    return this.#writing;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
