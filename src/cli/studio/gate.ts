import type { TrainingData } from '../../datasets/index.js';

/** What work waits at while it is shut. */
export class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open = (): void => {};

  shut(): void {
    this.open();
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  /** Resolves when it is open. */
  get passed(): Promise<void> {
    return this.#opened;
  }
}

/** Data whose batches wait at a gate: training that draws from them pauses where it stands, and goes on as if nothing had been. */
export function gated(data: TrainingData, gate: Gate): TrainingData {
  const { size, packed, exactMatch, hasIgnored, targetsPerRow, inputRange } = data;
  return {
    size,
    packed,
    exactMatch,
    hasIgnored,
    ...(targetsPerRow !== undefined && { targetsPerRow }),
    ...(inputRange !== undefined && { inputRange }),
    batches: (shape, seed) => {
      const draw = data.batches(shape, seed);
      return async (index) => {
        await gate.passed;
        return draw(index);
      };
    },
    evaluation: (shape) => data.evaluation(shape),
    ...(data.trainEvaluation && { trainEvaluation: (shape) => data.trainEvaluation?.(shape) ?? [] }),
  };
}
