import type { Kernels } from '../kernels/kernels.js';
import { type Span, type Storage, type StorageLayout, someGradients } from '../storage.js';
import type { Share } from './share.js';

/**
 * Memory that two workers share: gradients on the way to the worker they belong to, and new parameters on the way back. The
 * engine takes no shared memory, so all is copied. Each worker writes only what the other reads, and they take turns.
 */
export class Exchange {
  private constructor(
    readonly buffer: SharedArrayBuffer,
    private readonly storage: Storage,
    private readonly kernels: Kernels,
    /** Where the gradients of a step lie, and where parameters begin within the buffer. */
    private readonly gradients: Span,
    private readonly parametersAt: number,
  ) {}

  /** @param buffer the other worker's, or none: then a new one */
  static over(storage: Storage, kernels: Kernels, buffer?: SharedArrayBuffer): Exchange {
    const { layout } = storage;
    const gradients = layout.sums ?? layout.gradients;
    const parametersAt = 4 * gradients.size;
    const bytes = parametersAt + parameterBytes(layout);
    return new Exchange(buffer ?? new SharedArrayBuffer(bytes), storage, kernels, gradients, parametersAt);
  }

  /** Gives the gradients of the other's share away. */
  giveGradients({ gradients: { from, to } }: Share): void {
    this.#shared(from, to).set(this.#own(this.gradients.at + from, to - from));
  }

  /** Adds what the other computed to the gradients of one's own share. */
  addGradients({ gradients: { from, to } }: Share): void {
    const room = this.storage.layout.other as Span;
    for (let at = from; at < to; at += 4 * someGradients) {
      const size = Math.min(someGradients, (to - at) / 4);
      this.#own(room.at, 4 * size).set(this.#shared(at, at + 4 * size));
      this.kernels.accumulate(this.gradients.at + at, room.at, size);
    }
  }

  /** Gives the updated parameters of one's own share away. */
  giveParameters({ parameters: { from, to } }: Share): void {
    this.#shared(this.parametersAt + from, this.parametersAt + to).set(this.#own(from, to - from));
  }

  /** Takes over those of the other's. */
  takeParameters({ parameters: { from, to } }: Share): void {
    this.#own(from, to - from).set(this.#shared(this.parametersAt + from, this.parametersAt + to));
  }

  #own(at: number, bytes: number): Float32Array {
    return this.storage.view({ at, size: bytes / 4 });
  }

  #shared(from: number, to: number): Float32Array {
    return new Float32Array(this.buffer, from, (to - from) / 4);
  }
}

/** Parameters lie first in the memory. */
function parameterBytes({ parameters }: StorageLayout): number {
  return Math.max(0, ...parameters.map(({ parameter: { at, size } }) => at + 4 * size));
}
