/** Settings that a preset gives; the flags stand above them. */
export interface Preset {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly context: number;
  readonly batch: number;
  /** Most windows per pass through the model. */
  readonly microBatch: number;
  readonly steps: number;
  readonly lr: number;
  readonly dropout: number;
  readonly evalEvery: number;
}

/**
 * Sizes to start from. `nano` is nanoGPT's setting for a CPU, a minute or so, at three times its learning rate (measured
 * better: docs/benchmarks.md); `baby` is its character model for one GPU,
 * here with batches in eight parts, for a night.
 */
export const presets = {
  nano: { layers: 4, heads: 4, width: 128, context: 64, batch: 12, microBatch: 12, steps: 2000, lr: 3e-3, dropout: 0, evalEvery: 250 },
  baby: { layers: 6, heads: 6, width: 384, context: 256, batch: 64, microBatch: 8, steps: 5000, lr: 1e-3, dropout: 0.2, evalEvery: 250 },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
